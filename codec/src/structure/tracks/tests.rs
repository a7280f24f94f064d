//! Tracks that are good, bad and cut.

use super::*;

const TRACK_1: &str = "%B4000001200000016^CARDHOLDER/TEST^29122011234500000123?9";
const TRACK_2: &str = "4000001200000016=29122011234512300";
const TRACK_3: &str = "014000001200000016=724724100000000000030300XXXX040400099010=";

#[test]
fn parts_are_found_and_written_back() {
    let track = Track1::parse(TRACK_1).unwrap();
    assert_eq!(
        (track.pan, track.name),
        ("4000001200000016", "CARDHOLDER/TEST")
    );
    assert_eq!(track.expiry.given(), Some("2912"));
    assert_eq!(track.service_code.given(), Some("201"));
    assert_eq!((track.discretionary, track.end), ("1234500000123", "?9"));
    assert_eq!(*track.format(), TRACK_1);
    let track = Track2::parse(TRACK_2).unwrap();
    assert_eq!(track.expiry.given(), Some("2912"));
    assert_eq!(track.service_code.given(), Some("201"));
    assert_eq!(track.discretionary, "1234512300");
    assert_eq!(*track.format(), TRACK_2);
    assert_eq!(
        track.primary_account_number().unwrap().reveal(),
        "4000001200000016"
    );
    let track = Track3::parse(TRACK_3).unwrap();
    assert_eq!((track.format_code, track.pan), ("01", "4000001200000016"));
    assert_eq!(*track.format(), TRACK_3);
}

#[test]
fn parts_may_be_left_out() {
    for (text, expiry, service_code, discretionary) in [
        (
            "4000001200000016D==1",
            TrackPart::Absent,
            TrackPart::Absent,
            "==1",
        ),
        (
            "4000001200000016=",
            TrackPart::Absent,
            TrackPart::Absent,
            "",
        ),
        (
            "4000001200000016==",
            TrackPart::Separator,
            TrackPart::Absent,
            "",
        ),
        (
            "4000001200000016===99",
            TrackPart::Separator,
            TrackPart::Separator,
            "99",
        ),
        (
            ";4000001200000016=2912=99?",
            TrackPart::Given("2912"),
            TrackPart::Separator,
            "99",
        ),
        (
            "4000001200000016D29122",
            TrackPart::Given("2912"),
            TrackPart::Absent,
            "2",
        ),
    ] {
        let track = Track2::parse(text).unwrap();
        assert_eq!(track.expiry, expiry, "{text}");
        assert_eq!(track.service_code, service_code, "{text}");
        assert_eq!(track.discretionary, discretionary, "{text}");
        assert_eq!(*track.format(), text);
    }
}

#[test]
fn what_is_no_track_is_refused() {
    for (text, error) in [
        ("", InvalidTrack::NoSeparator("PAN")),
        ("4000001200000016", InvalidTrack::NoSeparator("PAN")),
        ("=29122010", InvalidTrack::Pan),
        ("40000012000000160000=2912201", InvalidTrack::Pan),
        ("40000012000000O6=2912201", InvalidTrack::Pan),
        (
            "4000001200000016=29A2201",
            InvalidTrack::NotDigits("expiration date"),
        ),
        (
            "4000001200000016=2912 01",
            InvalidTrack::NotDigits("service code"),
        ),
        ("4000001200000016=2912201?12", InvalidTrack::End),
        ("é", InvalidTrack::NotAscii),
    ] {
        assert_eq!(Track2::parse(text), Err(error), "{text}");
    }
    assert_eq!(
        Track1::parse("4000^A^2912201"),
        Err(InvalidTrack::FormatCode)
    );
    assert_eq!(
        Track1::parse("B4000001200000016^A"),
        Err(InvalidTrack::NoSeparator("name"))
    );
    let long = format!("B4000001200000016^{}^2912201", "A".repeat(27));
    assert_eq!(Track1::parse(&long), Err(InvalidTrack::Name));
    assert_eq!(
        Track3::parse("0A4000001200000016="),
        Err(InvalidTrack::FormatCode)
    );
}

#[test]
fn nothing_but_the_masked_pan_is_printed() {
    for text in [
        format!("{:?}", Track1::parse(TRACK_1)),
        format!("{:?}", Track2::parse(TRACK_2)),
        format!("{:?}", Track3::parse(TRACK_3)),
    ] {
        assert!(text.contains("400000******0016"), "{text}");
        for secret in ["CARDHOLDER", "2912", "201", "12345", "724"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    assert_eq!(format!("{:?}", TrackPart::Given("2912")), "Given");
}
