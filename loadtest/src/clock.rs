//! Time for the shells: the clock of a run and a timer finer than a millisecond.
//!
//! Owns: reading the monotonic clock and sleeping on it. Tokio's own timers are rounded up to whole
//! milliseconds, which would be the larger part of the latencies measured here. Must never: be used by a
//! machine that is handed its times.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use crate::plan::nanoseconds;

/// Counts nanoseconds from the start of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock of a run that starts after some time.
    pub(crate) fn starting_in(delay: Duration) -> Self {
        Self {
            start: instant() + delay,
        }
    }

    /// Nanoseconds since the start; 0 before it.
    pub(crate) fn now_ns(self) -> u64 {
        nanoseconds(instant().saturating_duration_since(self.start))
    }

    /// Time left until the start.
    pub(crate) fn until_start(self) -> Duration {
        self.start.saturating_duration_since(instant())
    }
}

/// The monotonic clock.
pub(crate) fn instant() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the shells of the load test read the clock here"
    )]
    let now = Instant::now();
    now
}

/// A timer of the kernel.
#[derive(Debug)]
pub(crate) struct Timer {
    timer: AsyncFd<OwnedFd>,
}

impl Timer {
    /// A timer that is not set. Needs a tokio runtime.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "the function that replaces it is unsafe because of types that do not keep their \
                      descriptor open; an OwnedFd does"
        )]
        let timer = AsyncFd::new(timer)?;
        Ok(Self { timer })
    }

    /// Sets the timer; an earlier setting is forgotten.
    pub(crate) fn set(&self, after: Duration) -> io::Result<()> {
        // A time of zero would switch the timer off.
        let after = after.max(Duration::from_nanos(1));
        let it_value = Timespec {
            tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(after.subsec_nanos()),
        };
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value,
        };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }

    /// Returns when the time set has passed. May be dropped and asked again.
    pub(crate) async fn expired(&self) -> io::Result<()> {
        loop {
            let mut ready = self.timer.readable().await?;
            let mut expirations = [0; 8];
            let read = ready.try_io(|timer| {
                rustix::io::read(timer.get_ref(), &mut expirations).map_err(io::Error::from)
            });
            match read {
                Ok(read) => return read.map(|_bytes| ()),
                // Not expired after all.
                Err(_would_block) => {}
            }
        }
    }

    /// Sleeps.
    pub(crate) async fn sleep(&self, time: Duration) -> io::Result<()> {
        self.set(time)?;
        self.expired().await
    }
}
