//! Forms of input: hexadecimal, base64, bytes; files, standard input, lines and frames.

use super::run::{PAN, echo, file, hex, purchase, run, with_dialect};

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

fn expected(number: u32) -> String {
    format!(
        "{{\"mti\":\"0800\",\"fields\":{{\"7\":\"1120121559\",\"11\":\"4{number:05}\",\"70\":\"301\"}}}}\n"
    )
}

#[test]
fn one_message_in_each_form() {
    let text = echo(1);
    let raw = file("echo.raw", &text);
    let hexadecimal = file("echo.hex", hex(&text));
    // A base64 text that is not taken for hexadecimal nor for ASCII.
    let encoded = file("echo.b64", base64(&text));
    let table: [(&[&str], &str); 9] = [
        (&["--hex", &hex(&text)], ""),
        (&["--hex", "-"], &hex(&text)),
        (&["--base64", &base64(&text)], ""),
        (&["--base64", "-"], &base64(&text)),
        (&["--raw", &raw], ""),
        (&["--raw", "-"], &text),
        (&["-"], &base64(&text)),
        (&[&hexadecimal], ""),
        (&[&encoded], ""),
    ];
    for (arguments, input) in table {
        let ran = with_dialect("decode", arguments, input);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
        assert_eq!(ran.out, expected(1), "{arguments:?}");
    }
    // Bytes that are no text are taken as they are.
    let framed = [&[0, 55][..], text.as_bytes()].concat();
    let ran = with_dialect("decode", &["--framed"], framed);
    assert_eq!(ran.out, expected(1));
}

#[test]
fn what_could_be_two_things_is_refused_with_what_to_say() {
    for (input, expected) in [
        (
            purchase(),
            "input: expected hexadecimal digits, found another at 80; a message in ASCII is read with --raw",
        ),
        (
            "0100ABCDWXYZ".to_owned(),
            "input: could be base64, or a message in ASCII: say --base64 - or --raw -",
        ),
        (
            "what is this".to_owned(),
            "input: expected hexadecimal digits, found another at 0; base64 is read with --base64, bytes as they are with --raw",
        ),
    ] {
        let ran = with_dialect("decode", &[], input);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
        assert_eq!(ran.err, format!("iso8583: {expected}\n"));
        assert!(!ran.err.contains(PAN));
    }
    let ran = with_dialect("decode", &["--base64", "A"], "");
    assert_eq!(
        ran.err,
        "iso8583: input: expected base64 with its padding (A-Z a-z 0-9 + / =)\n"
    );
    let both = with_dialect("decode", &["--hex", "00", "--base64", "AA=="], "");
    assert_eq!(both.code, Some(2));
    let ran = with_dialect("decode", &["no/such/file"], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.starts_with("iso8583: no/such/file: "),
        "{}",
        ran.err
    );
}

#[test]
fn lines_are_messages_and_bad_ones_are_passed_over() {
    let lines = format!("{}\n\n{}x\n{}\n", hex(echo(1)), hex(echo(2)), hex(echo(3)));
    let ran = with_dialect("decode", &["--lines"], &lines);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, format!("{}{}", expected(1), expected(3)));
    assert_eq!(
        ran.err,
        "iso8583: line 3: input: expected hexadecimal digits, found another at 110\n"
    );
    let ran = with_dialect(
        "decode",
        &["--lines"],
        format!("{}\n{}", base64(&echo(1)), base64(&echo(2))),
    );
    assert_eq!(
        (ran.code, ran.out),
        (Some(0), format!("{}{}", expected(1), expected(2)))
    );
    // Without the option it is one message, and the hint says so.
    let ran = with_dialect(
        "decode",
        &[],
        format!("{}\n{}\n", hex(echo(1)), hex(echo(2))),
    );
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        ran.err,
        "iso8583: message at byte 55: expected the end after the last element, found 55 bytes; the input has 2 lines, \
         taken as one message: --lines takes each as one\n"
    );
    let ran = with_dialect("decode", &["--lines", "--raw", "-"], echo(1));
    assert_eq!(
        ran.err,
        "iso8583: input: expected lines of text, found bytes; --framing cuts a stream of bytes\n"
    );
}

fn frame(number: u32) -> Vec<u8> {
    [&[0, 55][..], echo(number).as_bytes()].concat()
}

#[test]
fn frames_of_bytes_are_cut_and_told_by_number_and_byte() {
    let bad = [&[0, 4][..], b"08X0"].concat();
    let stream = [frame(1), vec![0, 0], bad, frame(2)].concat();
    let ran = with_dialect("decode", &["--framed", "--raw", "-"], &stream);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, format!("{}{}", expected(1), expected(2)));
    assert_eq!(
        ran.err,
        "iso8583: frame 3 at byte 59: MTI at byte 0: expected 4 digits, found a byte outside 0-9 at 2\n"
    );
    let cut = with_dialect("decode", &["--framed", "--raw", "-"], &stream[..60]);
    assert_eq!(cut.out, expected(1));
    assert_eq!(
        (cut.code, cut.err.as_str()),
        (
            Some(1),
            "iso8583: frame 3 at byte 59: the input ends inside of it\n"
        )
    );
    let long = [frame(1), vec![0xFF, 0xFF]].concat();
    let lost = with_dialect("decode", &["--framed", "--raw", "-"], long);
    assert_eq!(
        lost.err,
        "iso8583: frame 2 at byte 57: a frame of 65535 bytes is announced, at most 8192 are accepted\n"
    );
    assert_eq!(lost.out, expected(1));
}

#[test]
fn another_framing_goes_by_its_name() {
    let ascii = format!("0055{}", echo(1));
    let ran = with_dialect("decode", &["--framing", "ascii-4", "--raw", "-"], &ascii);
    assert_eq!((ran.code, ran.out), (Some(0), expected(1)));
    let ran = with_dialect(
        "decode",
        &["--framing", "etx", "--raw", "-"],
        format!("{}\u{3}", echo(1)),
    );
    assert_eq!((ran.code, ran.out), (Some(0), expected(1)));
    let ran = with_dialect("decode", &["--framing", "ascii-44"], "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.contains("expected one of: dialect, binary-2, "),
        "{}",
        ran.err
    );
    let ran = with_dialect("decode", &["--framing", "etx", "--framed"], "");
    assert_eq!(ran.code, Some(2));
}

#[test]
fn encode_writes_each_form_and_reads_many_objects() {
    let objects = format!("{}{}", expected(1), expected(2));
    let ran = with_dialect("encode", &["--to", "base64"], &objects);
    assert_eq!(
        ran.out,
        format!("{}\n{}\n", base64(&echo(1)), base64(&echo(2)))
    );
    let ran = with_dialect("encode", &["--to", "raw", "--framed"], &objects);
    assert_eq!(ran.out.as_bytes(), [frame(1), frame(2)].concat());
    let back = with_dialect("decode", &["--framed", "--raw", "-"], ran.out);
    assert_eq!(back.out, objects);
    let one_bad = format!(
        "{}{{\"mti\":\"0800\",\"fields\":{{\"11\":\"1\"}}}}\n{}",
        expected(1),
        expected(2)
    );
    let ran = with_dialect("encode", &[], one_bad);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, format!("{}\n{}\n", hex(echo(1)), hex(echo(2))));
    assert_eq!(
        ran.err,
        "iso8583: message 2: DE11: expected 6 digits, found 1 characters (System trace audit number (STAN))\n"
    );
    let ran = with_dialect("encode", &[], "");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.ends_with("found nothing\n"), "{}", ran.err);
    let path = file("echo.json", expected(1));
    let ran = run(&["encode", "--dialect", "iso1987-ascii", &path], "");
    assert_eq!(ran.out, format!("{}\n", hex(echo(1))));
}

/// A reader that has seen enough is no failure.
#[test]
fn a_closed_output_ends_the_command_quietly() {
    use std::io::{BufRead as _, Write as _};
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_iso8583"))
        .args(["decode", "--dialect", "iso1987-ascii", "--lines"])
        .env("ISO8583_DIALECTS", super::run::dialects())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let line = format!("{}\n", hex(echo(1)));
    let writer = std::thread::spawn(move || {
        // Until the command has ended.
        while input.write_all(line.as_bytes()).is_ok() {}
    });
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert_eq!(first, expected(1));
    drop(output);
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

/// A clearing file: records behind four bytes of length, in blocks.
#[test]
fn a_file_in_blocks_is_written_read_and_detected() {
    let record = |number: u32| {
        format!(
            "{{\"mti\":\"1644\",\"fields\":{{\"24\":\"697\",\"48\":{{\"0105\":\"{number:025}\"}},\"71\":\"{number:08}\"}}}}\n"
        )
    };
    let records: String = (1..60).map(record).collect();
    let path = super::run::path("records.ipm");
    let path = path.to_str().unwrap();
    let shell = format!("\"$0\" encode --dialect mastercard-ipm --blocked --to raw > '{path}'",);
    let written = super::run::through_shell(&shell, &records);
    assert_eq!((written.code, written.err.as_str()), (Some(0), ""));
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.len() > 3 * 1014 && bytes.len().is_multiple_of(1014));

    let blocked = ["--dialect", "mastercard-ipm", "--blocked", path];
    let ran = run(&[&["decode"], &blocked[..]].concat(), "");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, records);
    let ran = run(&[&["describe"], &blocked[..]].concat(), "");
    assert!(ran.out.starts_with("# frame 1 at byte 0\n"), "{}", ran.out);

    let ran = run(&["detect", path], "");
    let best = ran.out.lines().nth(1).unwrap();
    assert!(
        best.contains("mastercard-ipm ") && best.contains("blocked"),
        "{best}"
    );

    // Without the option the end of the first block stands in the middle of a record; with it, a file that is not in
    // blocks is told by its block.
    let ran = run(
        &["decode", "--dialect", "mastercard-ipm", "--framed", path],
        "",
    );
    assert_eq!(ran.code, Some(1));
    let ran = run(
        &[
            "decode",
            "--dialect",
            "mastercard-ipm",
            "--blocked",
            "--raw",
            "-",
        ],
        vec![0; 1013],
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    let ran = run(
        &[
            "decode",
            "--dialect",
            "mastercard-ipm",
            "--blocked",
            "--raw",
            "-",
        ],
        [vec![1; 1013], vec![2]].concat(),
    );
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (
            Some(1),
            "iso8583: input: block 1 does not end with two equal bytes of fill: expected blocks of 1014 bytes\n"
        )
    );
    let ran = run(
        &["encode", "--dialect", "mastercard-ipm", "--blocked"],
        &records,
    );
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (Some(2), "iso8583: --blocked writes bytes: say --to raw\n")
    );
    let ran = run(
        &[
            "decode",
            "--dialect",
            "mastercard-ipm",
            "--blocked",
            "--hex",
            "00",
        ],
        "",
    );
    assert_eq!(ran.code, Some(1));
}
