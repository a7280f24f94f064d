"""Talks to the Visa-, Mastercard- and Elo-like networks of a running switch with pyiso8583 and plain sockets,
nothing of this project: specifications, framing and expectations are all in this file.

Usage: outside_networks.py HOST VISA_PORT MASTERCARD_PORT ELO_PORT [--golden FILE]
Plays the cases below in order and compares what each answer must hold. Prints one line per answer and "N checks
passed"; exit 1 at the first that does not hold. The messages have fixed times and numbers, so a fresh switch gives
the same bytes each time, but for the approval code: `--golden` writes them, with `..` for each of its bytes.
"""

import socket
import struct
import sys

import iso8583

CREDIT = "4000001200000016"
LOW = "4000001200000024"
LOST = "4000001200000057"
PREPAID = "4000001200000081"
UNKNOWN = "4000001200000123"

MOMENT, DATE, TIME = "1120121559", "1120", "121559"


# Specifications.


def text(encoding, length):
    return {"data_enc": encoding, "len_enc": encoding, "len_type": 0, "max_len": length, "desc": ""}


def text_var(encoding, digits, most, length="same"):
    length = encoding if length == "same" else length
    return {"data_enc": encoding, "len_enc": length, "len_type": digits, "max_len": most, "desc": ""}


def packed(digits):
    return {
        "data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": digits,
        "len_count": "nibbles", "left_pad": "0", "desc": "",
    }


def packed_var(most):
    return packed(most) | {"len_type": 1}


def raw(length):
    return {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": length, "desc": ""}


def raw_var(length_encoding, size, most):
    return {"data_enc": "b", "len_enc": length_encoding, "len_type": size, "max_len": most, "desc": ""}


def visa():
    e = "cp500"
    spec = {"h": raw(0), "t": packed(4), "p": raw(8), "1": raw(8)}
    for field, digits in {
        3: 6, 4: 12, 6: 12, 7: 10, 11: 6, 12: 6, 13: 4, 14: 4, 18: 4, 19: 3, 22: 4, 23: 3, 25: 2, 49: 3, 51: 3,
        67: 2, 70: 3, 90: 42,
    }.items():
        spec[str(field)] = packed(digits)
    for field, most in {2: 19, 32: 11, 33: 11, 35: 37}.items():
        spec[str(field)] = packed_var(most)
    for field, length in {37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 43: 40, 95: 42}.items():
        spec[str(field)] = text(e, length)
    for field, most in {44: 25, 54: 120}.items():
        spec[str(field)] = text_var(e, 1, most, "b")
    for field in (55, 60, 62, 63, 123, 126):
        spec[str(field)] = raw_var("b", 1, 255)
    return spec


def mastercard():
    e = "cp500"
    spec = {"h": text(e, 0), "t": text(e, 4), "p": raw(8), "1": raw(8)}
    for field, length in {
        3: 6, 4: 12, 6: 12, 7: 10, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 18: 4, 22: 3, 25: 2, 37: 12, 38: 6, 39: 2,
        41: 8, 42: 15, 43: 40, 49: 3, 51: 3, 70: 3, 90: 42, 95: 42,
    }.items():
        spec[str(field)] = text(e, length)
    for field, most in {2: 19, 32: 11, 33: 11, 35: 37, 44: 25}.items():
        spec[str(field)] = text_var(e, 2, most)
    for field, most in {48: 999, 54: 240, 60: 999, 61: 999, 63: 999, 112: 999, 120: 999}.items():
        spec[str(field)] = text_var(e, 3, most)
    return spec


def elo():
    e = "ascii"
    spec = {"h": text(e, 0), "t": text(e, 4), "p": raw(8), "1": raw(8)}
    for field, length in {
        3: 6, 4: 12, 6: 12, 7: 10, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 18: 4, 22: 3, 25: 2, 37: 12, 38: 6, 39: 2,
        41: 8, 42: 15, 43: 40, 49: 3, 51: 3, 67: 2, 70: 3, 90: 42, 95: 42,
    }.items():
        spec[str(field)] = text(e, length)
    for field, most in {2: 19, 32: 11, 33: 11, 35: 37, 44: 25}.items():
        spec[str(field)] = text_var(e, 2, most)
    for field, most in {48: 999, 54: 240, 60: 999, 63: 999}.items():
        spec[str(field)] = text_var(e, 3, most)
    return spec


# Private elements, by hand.


def ebcdic(characters):
    return characters.encode("cp500").hex().upper()


def visa_bits(size, parts):
    """Parts under a bitmap of `size` bytes."""
    bitmap = sum(1 << (size * 8 - bit) for bit in parts)
    return f"{bitmap:0{size * 2}X}" + "".join(parts[bit] for bit in sorted(parts))


def transaction(number, characteristics="Y"):
    return visa_bits(8, {1: ebcdic(characteristics), 2: f"0{number:015d}"})


def visa_address(postal_code, street):
    tags = "".join(
        f"{tag}{len(value):02X}{ebcdic(value)}" for tag, value in (("C0", postal_code), ("CF", street))
    )
    return f"66{len(tags) // 2:04X}{tags}"


def tagged(tag, value, digits=2):
    return f"{tag}{len(value):0{digits}d}{value}"


def point_of_service(presence="0", card="0", status="0"):
    return f"000{presence}{card}0{status}0000080084090210"


# Networks.


class Network:
    def __init__(self, name, spec, host, port, header, recorded):
        self.name, self.spec, self.header, self.recorded = name, spec, header, recorded
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stan = 0
        self.checks = 0

    def frame(self, body):
        if not self.header:
            return struct.pack(">H", len(body)) + body
        header = bytearray.fromhex("16010200000000001234560700000000000000000000")
        header[3:5] = struct.pack(">H", len(header) + len(body))
        return struct.pack(">HH", len(header) + len(body), 0) + bytes(header) + body

    def receive(self):
        prefix = self.exactly(4 if self.header else 2)
        (length,) = struct.unpack(">H", prefix[:2])
        content = self.exactly(length)
        if self.header:
            expect("control bytes", b"\0\0", prefix[2:])
            expect("length in the header", length, struct.unpack(">H", content[3:5])[0])
            expect("stations, swapped", "123456000000", content[5:11].hex())
            expect("round-trip control", 7, content[11])
            expect("header", "160102", content[:3].hex())
            return prefix + content, content[22:]
        return prefix + content, content

    def exactly(self, count):
        received = b""
        while len(received) < count:
            piece = self.socket.recv(count - len(received))
            if not piece:
                raise SystemExit(f"{self.name}: expected an answer, got a closed link")
            received += piece
        return received

    def fresh(self, mti, **more):
        self.stan += 1
        message = {"t": mti, "7": MOMENT, "11": f"{self.stan:06d}"}
        return message | {name.removeprefix("de"): value for name, value in more.items()}

    def request(self, mti, pan, code, minor=None, **more):
        message = self.fresh(mti) | {
            "2": pan, "3": code, "12": TIME, "13": DATE, "14": "2912", "18": "5411",
            "22": "0120" if self.name == "visa" else "012", "25": "00", "32": "200002",
            "37": f"632412{self.stan:06d}", "41": "TERM0002", "42": "OUTSIDE SHOP 01", "49": "840",
        }
        if minor is not None:
            message["4"] = f"{minor:012d}"
        if self.name == "mastercard":
            message |= {"61": point_of_service(), "48": "R"}
        return message | {name.removeprefix("de"): value for name, value in more.items()}

    def reversal(self, original, mti="0400", **more):
        kept = ("2", "3", "4", "32", "37", "41", "42", "49", "62", "63", "15")
        message = self.fresh(mti) | {field: original[field] for field in kept if field in original}
        message["90"] = original["t"] + original["11"] + original["7"] + original["32"].rjust(11, "0") + "0" * 11
        return message | {name.removeprefix("de"): value for name, value in more.items()}

    def ask(self, what, message, code, **expected):
        """Sends, and holds the answer to its type, DE39, and what is expected of other elements."""
        body, _ = iso8583.encode(dict(message), self.spec)
        sent = self.frame(bytes(body))
        self.socket.sendall(sent)
        received, body = self.receive()
        answer, encoded = iso8583.decode(body, self.spec)
        mti = message["t"]
        due = mti[:2] + {"0": "1", "2": "3"}[mti[2]] + "0"
        expect(f"{what}: message type", due, answer["t"])
        for field in ("2", "3", "7", "11", "37", "41"):
            expect(f"{what}: DE{field} as sent", message.get(field), answer.get(field))
        for field in ("14", "35", "52", "55"):
            expect(f"{what}: DE{field}", None, answer.get(field))
        for name, value in expected.items():
            expect(f"{what}: {name}", value, answer.get(name.removeprefix("de")))
        expect(f"{what}: DE39", code, answer.get("39"))
        approved = code in ("00", "10", "85") and mti[1] in "12"
        expect(f"{what}: has DE38", approved and mti[2] == "0", "38" in answer and mti[2] == "0")
        self.checks += 1
        print(f"ok  {self.name}: {what}: {code}")
        self.recorded.append((self.name, what, sent, received, encoded.get("38", {}).get("data", b"")))
        return answer


def expect(what, expected, actual):
    if expected != actual:
        raise SystemExit(f"{what}: expected {masked(expected)!r}, got {masked(actual)!r}")


def masked(value):
    if isinstance(value, str) and value.isdigit() and 13 <= len(value) <= 19:
        return value[:6] + "*" * (len(value) - 10) + value[-4:]
    return value


def balances(available, ledger=None):
    account = "30"
    ledger = available if ledger is None else ledger
    return f"{account}01840C{ledger:012d}{account}02840C{available:012d}"


# Cases.


def play_visa(net):
    network_id = visa_bits(3, {1: "0002"})
    early = net.request("0100", CREDIT, "003000", 1250, de62=transaction(1), de63=network_id)
    net.ask("purchase before a sign-on", early, "91", de62=transaction(1), de63=network_id)
    net.ask("sign-on", net.fresh("0800", de70="001"), "00", de70="001")
    net.ask("echo test", net.fresh("0800", de70="301"), "00", de70="301")
    purchase = net.request(
        "0100", CREDIT, "003000", 1250, de62=transaction(2), de63=network_id, de60="050000000500",
        de43="CORNER SHOP              SAN FRANCISCOUS", de19="840",
    )
    answer = net.ask("purchase", purchase, "00", de4="000000001250", de62=transaction(2), de63=network_id)
    net.ask("its repeat", purchase | {"t": "0101"}, "00", de38=answer["38"])
    reversal = net.reversal(purchase)
    net.ask("its reversal", reversal, "00", de90=reversal["90"])
    net.ask("above the limit", net.request("0100", CREDIT, "003000", 500_001), "51")
    net.ask("cash above its limit", net.request("0100", CREDIT, "013000", 100_001), "61")
    net.ask("cash", cash := net.request("0100", CREDIT, "013000", 2000), "00")
    net.ask("cash, reversed", net.reversal(cash, "0420"), "00")
    net.ask("refund", refund := net.request("0100", CREDIT, "200030", 700), "00")
    net.ask("refund, reversed", net.reversal(refund), "00")
    net.ask("lost card", net.request("0100", LOST, "003000", 100), "41")
    net.ask("unknown card", net.request("0100", UNKNOWN, "003000", 100), "14")
    net.ask("a message about a token", net.request("0100", CREDIT, "330000", 0), "12")
    net.ask("available funds", net.request("0100", CREDIT, "303000"), "00", de54=balances(500_000))
    first = net.request("0100", CREDIT, "003000", 5000, de25="06", de62=transaction(3))
    net.ask("pre-authorization", first, "00")
    raised = net.request("0100", CREDIT, "003000", 2000, de25="06", de62=transaction(3, "I"))
    net.ask("increment by the transaction id", raised, "00")
    net.ask("available funds of both", net.request("0100", CREDIT, "303000"), "00",
            de54=balances(493_000, 500_000))
    net.ask("increment, reversed", net.reversal(raised), "00")
    by_id = {field: value for field, value in net.reversal(first).items() if field != "90"}
    net.ask("pre-authorization, reversed by the transaction id", by_id, "00")
    part = net.request("0100", PREPAID, "000000", 15_000, de60="250000000001")
    net.ask("partial approval", part, "10", de4="000000010000", de54="0057840D000000015000")
    net.ask("the part, reversed", net.reversal(part, de4="000000010000"), "00")
    net.ask("no partial approval", net.request("0100", PREPAID, "000000", 15_000, de60="250000000000"), "51")
    verify = {"de25": "51", "minor": 0}
    for what, address, result in [
        ("verification", None, None),
        ("address and postal code", visa_address("12345", "12 SAMPLE"), "5Y"),
        ("another street", visa_address("12345", "99 OTHER"), "5Z"),
    ]:
        more = {"de123": address} if address else {}
        net.ask(what, net.request("0100", CREDIT, "000000", **verify, **more), "85", de44=result)
    stood_in = net.request(
        "0120", CREDIT, "003000", 900, de39="00", de38="STIP01", de62=transaction(4),
        de63=visa_bits(3, {1: "0002", 4: "9020"}),
    )
    net.ask("advice of a stand-in", stood_in, "00")
    net.ask("the advice, reversed", net.reversal(stood_in, "0420"), "00")
    net.ask("a private element cut off", net.request("0100", CREDIT, "003000", 100, de62="40"), "30")


def play_mastercard(net):
    early = net.request("0100", CREDIT, "003000", 1250)
    net.ask("purchase before a sign-on", early, "91")
    net.ask("sign-on", net.fresh("0800", de70="001"), "00", de70="001")
    net.ask("echo test", net.fresh("0800", de70="301"), "00", de70="301")
    purchase = net.request(
        "0100", CREDIT, "003000", 1250, de15="1120", de63="MCS000001",
        de43="CORNER SHOP            ST. LOUIS     MO ",
    )
    answer = net.ask("purchase", purchase, "00", de48="R", de63="MCS000001", de15="1120")
    net.ask("its repeat", purchase | {"t": "0101"}, "00", de38=answer["38"])
    net.ask("its reversal", net.reversal(purchase), "00")
    above = net.request("0100", CREDIT, "003000", 500_001)
    net.ask("above the limit, try again in a day", above, "51", de48="R" + tagged("84", "25"))
    net.ask("cash over the counter above its limit", net.request("0100", CREDIT, "173000", 100_001), "61")
    net.ask("cash", cash := net.request("0100", CREDIT, "013000", 2000), "00")
    net.ask("cash, reversed", net.reversal(cash, "0420"), "00")
    net.ask("refund", refund := net.request("0100", CREDIT, "200030", 700), "00")
    net.ask("refund, reversed", net.reversal(refund), "00")
    lost = net.request("0100", LOST, "003000", 100)
    net.ask("lost card, do not try again", lost, "41", de48="R" + tagged("84", "03"))
    net.ask("available funds", net.request("0100", CREDIT, "303000"), "00", de54=balances(500_000))
    pre = point_of_service("1", "1", "4")
    first = net.request("0100", CREDIT, "003000", 5000, de61=pre, de15="1120", de63="MCS000002")
    net.ask("pre-authorization", first, "00")
    trace = "T" + tagged("63", "MCS0000021120  ")
    raised = net.request("0100", CREDIT, "003000", 2000, de61=pre, de15="1121", de63="MCS000003", de48=trace)
    net.ask("increment by the trace id", raised, "00", de48=trace)
    net.ask("available funds of both", net.request("0100", CREDIT, "303000"), "00",
            de54=balances(493_000, 500_000))
    net.ask("increment, reversed", net.reversal(raised), "00")
    net.ask("pre-authorization, reversed", net.reversal(first), "00")
    part = net.request("0100", PREPAID, "000000", 15_000, de48="R" + tagged("61", "10000"))
    net.ask("partial approval", part, "10", de4="000000010000", de54="0057840D000000015000")
    net.ask("the part, reversed", net.reversal(part, de4="000000010000"), "00")
    plan = net.request("0100", CREDIT, "003000", 300_001, de112=tagged("001", "2006", 3))
    net.ask("instalments above their limit", plan, "51")
    status = point_of_service("4", "1", "8")
    for what, more, result in [
        ("verification", {"de48": "T"}, "T"),
        (
            "address and postal code",
            {"de48": "T" + tagged("82", "52"), "de120": tagged("01", "12345    12 SAMPLE STREET   ")},
            "T" + tagged("83", "Y"),
        ),
    ]:
        net.ask(what, net.request("0100", CREDIT, "000000", 0, de61=status, **more), "85", de48=result)
    stood_in = net.request(
        "0120", CREDIT, "003000", 900, de39="00", de38="STIP01", de15="1120", de63="MCS000004", de60="2000001",
    )
    net.ask("advice of a stand-in", stood_in, "00")
    net.ask("the advice, reversed", net.reversal(stood_in, "0420"), "00")
    net.ask("a private element cut off", net.request("0100", CREDIT, "003000", 100, de61="000"), "30")


def play_elo(net):
    purchase = net.request("0100", CREDIT, "003000", 1250, de63="ELO0001")
    answer = net.ask("purchase without a sign-on", purchase, "00", de63="ELO0001")
    net.ask("its repeat", purchase | {"t": "0101"}, "00", de38=answer["38"])
    net.ask("its reversal", net.reversal(purchase), "00")
    net.ask("echo test", net.fresh("0800", de70="301"), "00", de70="301")
    single = net.request("0200", CREDIT, "003000", 800)
    net.ask("single message", single, "00")
    net.ask("single message, reversed", net.reversal(single), "00")
    plan = tagged("002", "0203000000100000", 3)
    net.ask("3 instalments", three := net.request("0100", CREDIT, "003000", 300_000, de48=plan), "00")
    net.ask("3 instalments, reversed", net.reversal(three), "00")
    net.ask("instalments above their limit", net.request("0100", CREDIT, "003000", 300_001, de48=plan), "51")
    net.ask("cash above its limit", net.request("0100", CREDIT, "013000", 100_001), "61")
    cashback = net.request("0200", CREDIT, "093000", 5000, de54="3040840D000000002000")
    net.ask("purchase with cashback", cashback, "00")
    net.ask("purchase with cashback, reversed", net.reversal(cashback), "00")
    part = net.request("0100", PREPAID, "000000", 15_000, de60="1")
    net.ask("partial approval", part, "10", de4="000000010000", de54="0057840D000000015000")
    net.ask("the part, reversed", net.reversal(part, de4="000000010000"), "00")
    net.ask("available funds", net.request("0100", LOW, "313000"), "00", de54=balances(1000))
    net.ask("verification", net.request("0100", CREDIT, "333000", 0), "85", de44=None)
    stood_in = net.request("0220", CREDIT, "003000", 900, de39="00", de38="STIP01", de63="ELO0002")
    net.ask("advice of a stand-in", stood_in, "00")
    net.ask("the advice, reversed", net.reversal(stood_in, "0420"), "00")
    net.ask("instalments cut off", net.request("0100", CREDIT, "003000", 100, de48="002016"), "30")


def golden(recorded):
    """Lines of `network > request` and `network < response`, in hexadecimal."""
    lines = ["# Made by outside_networks.py --golden: messages of pyiso8583, and what the switch answered."]
    for network, what, sent, received, code in recorded:
        answer = received.hex()
        if code:
            answer = answer.replace(code.hex(), ".." * len(code))
        lines += [f"# {what}", f"{network} > {sent.hex()}", f"{network} < {answer}"]
    return "\n".join(lines) + "\n"


def main():
    host, *ports = sys.argv[1:5]
    visa_port, mastercard_port, elo_port = map(int, ports)
    recorded = []
    networks = [
        (Network("visa", visa(), host, visa_port, True, recorded), play_visa),
        (Network("mastercard", mastercard(), host, mastercard_port, False, recorded), play_mastercard),
        (Network("elo", elo(), host, elo_port, False, recorded), play_elo),
    ]
    for network, play in networks:
        play(network)
    if len(sys.argv) > 6 and sys.argv[5] == "--golden":
        with open(sys.argv[6], "w", encoding="ascii") as file:
            file.write(golden(recorded))
    print(f"{sum(network.checks for network, _ in networks)} checks passed")


main()
