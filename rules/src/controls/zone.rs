//! Time zones: the local time of an instant, and the instant of a local time.
//!
//! The zones are those of the IANA database that is compiled in, never those of the machine, so that
//! the same rules mean the same everywhere. Each zone is in memory once, with a table of its offsets,
//! so that a local time costs a search among a few dozen numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// A time zone.
pub(crate) struct Zone {
    name: String,
    time_zone: TimeZone,
    /// From which second on which offset counts, in seconds east of UTC; ascending.
    offsets: Vec<(i64, i32)>,
    /// The table counts before this second.
    until_s: i64,
}

/// The zones in use, by name. Only a cache: what a name means never changes while a process runs.
static ZONES: Mutex<BTreeMap<String, Arc<Zone>>> = Mutex::new(BTreeMap::new());

/// The table of offsets spans 2020 to 2069; outside of it the database itself is asked.
const TABLE_FROM_S: i64 = 1_577_836_800;
const TABLE_UNTIL_S: i64 = 3_155_760_000;

impl Zone {
    /// The zone of this IANA name, such as `America/Sao_Paulo`.
    pub(crate) fn named(name: &str) -> Option<Arc<Self>> {
        let time_zone = TimeZoneDatabase::bundled().get(name).ok()?;
        let name = time_zone.iana_name()?.to_owned();
        let mut zones = ZONES.lock().unwrap_or_else(PoisonError::into_inner);
        let zone = zones
            .entry(name.clone())
            .or_insert_with(|| Arc::new(Self::new(name, time_zone)));
        Some(Arc::clone(zone))
    }

    /// UTC.
    pub(crate) fn utc() -> Arc<Self> {
        Self::named("UTC").unwrap_or_else(|| Arc::new(Self::new("UTC".to_owned(), TimeZone::UTC)))
    }

    fn new(name: String, time_zone: TimeZone) -> Self {
        let mut offsets = Vec::new();
        if let Ok(from) = Timestamp::from_second(TABLE_FROM_S) {
            offsets.push((TABLE_FROM_S, time_zone.to_offset(from).seconds()));
            offsets.extend(
                time_zone
                    .following(from)
                    .map(|transition| (transition.timestamp().as_second(), transition.offset()))
                    .take_while(|(second, _)| *second < TABLE_UNTIL_S)
                    .map(|(second, offset)| (second, offset.seconds())),
            );
        }
        Self {
            name,
            time_zone,
            offsets,
            until_s: TABLE_UNTIL_S,
        }
    }

    /// The IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a clock on the wall shows; `None` outside the years that can be written.
    pub(crate) fn local(&self, at_us: i64) -> Option<DateTime> {
        let at = Timestamp::from_microsecond(at_us).ok()?;
        let second = at_us.div_euclid(1_000_000);
        let position = self.offsets.partition_point(|(from, _)| *from <= second);
        let entry = position
            .checked_sub(1)
            .and_then(|index| self.offsets.get(index))
            .filter(|_| second < self.until_s);
        let offset = match entry {
            Some((_, seconds)) => Offset::from_seconds(*seconds).ok()?,
            None => self.time_zone.to_offset(at),
        };
        Some(offset.to_datetime(at))
    }

    /// When a clock on the wall shows this. A time that is skipped is that much later; of a time that
    /// comes twice it is the first.
    pub(crate) fn instant_us(&self, local: DateTime) -> Option<i64> {
        let instant = self.time_zone.to_ambiguous_timestamp(local).compatible();
        Some(instant.ok()?.as_microsecond())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_in_memory_once() {
        let one = Zone::named("America/Sao_Paulo").unwrap();
        let other = Zone::named("america/sao_paulo").unwrap();
        assert!(Arc::ptr_eq(&one, &other));
        assert!(Zone::named("America/Nowhere").is_none());
        assert_eq!(Zone::utc().name(), "UTC");
    }

    /// The table says what the database says, at and around every change of an offset and elsewhere.
    #[test]
    fn local_times_are_those_of_the_database() {
        let names = [
            "UTC",
            "America/Sao_Paulo",
            "America/New_York",
            "Europe/Dublin",
            "Africa/Casablanca",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Apia",
        ];
        for name in names {
            let zone = Zone::named(name).unwrap();
            let changes = zone.offsets.iter().map(|(second, _)| *second);
            let others = (0..4_000).map(|step| step * 1_000_003 - 400_000_000);
            let ends = [TABLE_FROM_S, TABLE_UNTIL_S];
            for second in changes.chain(others).chain(ends).collect::<Vec<_>>() {
                for at in [second - 1, second, second + 1] {
                    let instant = Timestamp::from_second(at).unwrap();
                    let expected = zone.time_zone.to_datetime(instant);
                    assert_eq!(zone.local(at * 1_000_000), Some(expected), "{name} {at}");
                }
            }
        }
        assert_eq!(Zone::utc().local(i64::MAX), None);
    }
}
