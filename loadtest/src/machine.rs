//! The machine a run took place on, as far as figures depend on it.
//!
//! Owns: reading it from `/proc`. What cannot be read is left out. Must never: name the host or its user.

use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub cpus: usize,
    /// Model of the processor.
    pub model_name: Option<String>,
    /// Release of the kernel.
    pub kernel: Option<String>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn read() -> Self {
        let cpu_info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory_info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        let kibibytes = value_of(&memory_info, "MemTotal")
            .and_then(|value| value.strip_suffix(" kB")?.trim().parse::<u64>().ok());
        Self {
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            model_name: value_of(&cpu_info, "model name").map(str::to_owned),
            kernel: kernel.map(|release| release.trim().to_owned()),
            memory_bytes: kibibytes.map(|kibibytes| kibibytes.saturating_mul(1024)),
        }
    }
}

/// The first value of a key in lines of `key : value`.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nmodel name\t: Other\n";
        assert_eq!(value_of(text, "model name"), Some("Some CPU @ 2.0GHz"));
        assert_eq!(value_of(text, "flags"), None);
        assert!(Machine::read().cpus > 0);
    }
}
