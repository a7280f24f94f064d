//! File systems of a test's own, where the right to mount is given.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::run;

/// A small file system in memory, mounted on a directory; gone when dropped.
#[derive(Debug)]
pub(crate) struct Mount {
    at: PathBuf,
}

/// What takes the space.
const FILLER: &str = "filler";

impl Mount {
    /// Mounts it.
    ///
    /// # Errors
    /// Why nothing can be mounted here.
    pub(crate) fn new(at: &Path, options: &str) -> Result<Self, String> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(at));
        match mounted.code {
            Some(0) => Ok(Self { at: at.to_owned() }),
            _ => Err(format!("nothing can be mounted: {}", mounted.stderr.trim())),
        }
    }

    /// Mounts it anew, such as read-only, with everything in it.
    pub(crate) fn again(&self, options: &str) {
        let options = format!("remount,{options}");
        let mounted = run(Command::new("mount").args(["-o", &options]).arg(&self.at));
        mounted.expect_good();
    }

    /// Leaves no space.
    pub(crate) fn fill(at: &Path) {
        let mut filler = std::fs::File::create(at.join(FILLER)).unwrap();
        let part = vec![0xA5; 4096];
        while filler.write_all(&part).is_ok() {}
    }

    /// Gives the space back.
    pub(crate) fn empty(&self) {
        std::fs::remove_file(self.at.join(FILLER)).unwrap();
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Whatever still uses it ends soon; until then only its name is gone.
        let unmounted = Command::new("umount").arg("-l").arg(&self.at).status();
        assert!(
            unmounted.is_ok_and(|status| status.success()) || std::thread::panicking(),
            "{} is still mounted",
            self.at.display()
        );
    }
}
