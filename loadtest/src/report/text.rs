//! The report for people.
//!
//! Owns: its layout. Must never: hold a figure that the JSON does not.

use std::fmt;

use super::{Percentiles, Report};
use crate::mix::Kind;

/// A time in microseconds, printed in milliseconds.
struct Milliseconds(u64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:03}", self.0 / 1000, self.0 % 1000))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = &self.setting;
        writeln!(
            f,
            "{}: {}/s over {} connections for {} s after {} s of warm-up; mix {}, seed {}",
            setting.target,
            setting.rate,
            setting.connections,
            setting.duration_s,
            setting.warm_up_s,
            setting.mix,
            setting.seed
        )?;
        writeln!(f)?;
        self.table(f)?;
        self.counts(f)?;
        self.surroundings(f)?;
        self.conclusion(f)
    }
}

impl Report {
    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<26}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "latency in ms", "p50", "p90", "p99", "p99.9", "max", "answered"
        )?;
        row(f, "all", &self.latency_us, Some(self.answered))?;
        for kind in Kind::ALL {
            if let Some(report) = self.by_kind.get(kind.name()) {
                let name = format!("  {}", kind.name());
                row(f, &name, &report.latency_us, Some(report.answered))?;
            }
        }
        row(f, "own lateness in sending", &self.send_lag_us, None)?;
        if let Some(disk) = &self.disk_sync_us {
            writeln!(
                f,
                "{:<26}{:>10}{:>10}{:>10}{:>10}{:>10}",
                "disk, 4 KiB synced",
                Milliseconds(disk.p50),
                "",
                Milliseconds(disk.p99),
                "",
                Milliseconds(disk.max)
            )?;
        }
        writeln!(f)
    }

    fn counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "rate        offered {:.1}/s, achieved {:.1}/s",
            self.offered_rate, self.achieved_rate
        )?;
        writeln!(
            f,
            "messages    sent {}, answered {}, timed out {}, unsent {}",
            self.sent, self.answered, self.timed_out, self.unsent
        )?;
        writeln!(
            f,
            "answers     approved {}, declined {}, mismatched {}, late {}, not as meant {}",
            self.approved, self.declined, self.mismatched, self.late, self.unexpected
        )?;
        write!(f, "DE39       ")?;
        for (code, count) in &self.response_codes {
            write!(f, " {code}: {count} ")?;
        }
        writeln!(f)
    }

    fn surroundings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.connections_lost > 0 {
            writeln!(f, "connections {} lost", self.connections_lost)?;
        }
        if let Some(books) = &self.books {
            writeln!(
                f,
                "books       {} accounts compared, {} differ, {} with more than one possible value",
                books.accounts, books.differing, books.accounts_with_range
            )?;
            for one in &books.examples {
                write!(
                    f,
                    "            account {}: before {}, expected {}",
                    one.account_id, one.before_minor, one.expected_lowest_minor
                )?;
                if one.expected_highest_minor != one.expected_lowest_minor {
                    write!(f, " to {}", one.expected_highest_minor)?;
                }
                match one.after_minor {
                    Some(after) => writeln!(f, ", found {after} (minor units)")?,
                    None => writeln!(f, ", not found any more")?,
                }
            }
        }
        let machine = &self.machine;
        writeln!(
            f,
            "machine     {} x {}, Linux {}, {} MiB",
            machine.cpus,
            machine.model_name.as_deref().unwrap_or("unknown processor"),
            machine.kernel.as_deref().unwrap_or("unknown"),
            machine.memory_bytes.unwrap_or(0) >> 20
        )?;
        writeln!(f)
    }

    fn conclusion(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.verdict.good {
            return writeln!(f, "verdict     good");
        }
        writeln!(f, "verdict     NOT GOOD")?;
        for failure in &self.verdict.failures {
            writeln!(f, "            {failure}")?;
        }
        Ok(())
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    of: &Percentiles,
    answered: Option<u64>,
) -> fmt::Result {
    write!(
        f,
        "{name:<26}{:>10}{:>10}{:>10}{:>10}{:>10}",
        Milliseconds(of.p50),
        Milliseconds(of.p90),
        Milliseconds(of.p99),
        Milliseconds(of.p999),
        Milliseconds(of.max)
    )?;
    match answered {
        Some(answered) => writeln!(f, "{answered:>10}"),
        None => writeln!(f),
    }
}
