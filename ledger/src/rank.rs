//! Which threads the processor serves first.
//!
//! Owns: the ranks of the threads. First comes who holds up every answer and needs little: the committer, and who
//! prepares its next segment; both sleep and wake for each sync, and on a busy processor would wait each time until
//! those that never sleep have had their turn. Ordinary are those who read and answer; the writer has a little less
//! weight than they, so that what must be refused is refused at once however much there is to decide. Behind comes what
//! happens after the answers: it gets the time that nobody else wants, until that is too little for it to keep up. The
//! system may refuse to let a thread go forward: then the first are ordinary, and those behind only have less weight.
//! Must never: matter for what is decided.

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

use crate::identifiers::Timestamp;
use crate::runtime::{elapsed_since, now};

/// Steps of the scheduler's forty that the first rank is above the ordinary.
const NICENESS_FIRST: i32 = -10;
/// Steps that the writer is below the ordinary.
const NICENESS_WRITER: i32 = 2;
/// Steps that those behind are below it where they cannot step forward again.
const NICENESS_BEHIND: i32 = 10;

/// Puts the calling thread first, if that is allowed.
pub(crate) fn go_first() {
    // Refused without the right to it (CAP_SYS_NICE, or a limit of niceness); `is_allowed` says so once.
    if is_allowed() && !has_niceness(NICENESS_FIRST) {
        tracing::warn!("a thread that answers wait for keeps the ordinary priority");
    }
}

/// Gives the calling thread, the writer, a little less weight than those who read and answer have.
pub(crate) fn give_way() {
    if !has_niceness(NICENESS_WRITER) {
        tracing::warn!("the writer keeps the ordinary priority");
    }
}

/// The calling thread is behind the others: what it does happens after the answers, and must not take the processor from
/// what they wait for.
#[derive(Debug)]
pub struct Behind {
    /// Whether the system lets it step forward again.
    switches: bool,
    pressed: bool,
    /// It is about one thread.
    of_thread: PhantomData<*const ()>,
}

impl Behind {
    /// Lets the calling thread step behind the others.
    #[must_use]
    pub fn step_back() -> Self {
        let switches = is_allowed();
        let stepped = if switches {
            has_policy(NormalThreadSchedulePolicy::Idle)
        } else {
            has_niceness(NICENESS_BEHIND)
        };
        if !stepped {
            tracing::warn!("a background thread keeps its priority");
        }
        Self {
            switches: switches && stepped,
            pressed: false,
            of_thread: PhantomData,
        }
    }

    /// Says whether the thread is so late with what it does that it must have its share of the processor. To be called
    /// where it holds nothing that others wait for.
    pub fn press(&mut self, pressed: bool) {
        if !self.switches || pressed == self.pressed {
            return;
        }
        self.pressed = pressed;
        let switched = if pressed {
            has_policy(NormalThreadSchedulePolicy::Other) && has_niceness(0)
        } else {
            has_policy(NormalThreadSchedulePolicy::Idle)
        };
        if !switched {
            tracing::warn!(pressed, "a background thread keeps its priority");
            self.switches = false;
        }
    }
}

/// A thread behind that follows the journal: it takes its share of the processor when it is pressed, and when it is late
/// because others keep it from the processor. Where it is late because there is so much to do, behind a flood, its share
/// would only make answers late too.
#[derive(Debug)]
pub struct Follower {
    behind: Behind,
    patience: Duration,
    caught_up: Timestamp,
    looked: Timestamp,
    served: Option<Served>,
    starves: bool,
}

impl Follower {
    /// Lets the calling thread step behind the others; later than `patience` it is late.
    #[must_use]
    pub fn step_back(patience: Duration) -> Self {
        Self {
            behind: Behind::step_back(),
            patience,
            caught_up: now(),
            looked: now(),
            served: Served::so_far(),
            starves: false,
        }
    }

    /// It has taken in everything that was durable.
    pub fn caught_up(&mut self) {
        self.caught_up = now();
    }

    /// To be called where it holds nothing that others wait for, with whether it is pressed for another reason.
    pub fn press(&mut self, pressed: bool) {
        if elapsed_since(self.looked) >= LOOK {
            let served = Served::so_far();
            self.starves = Served::starves(self.served, served);
            (self.looked, self.served) = (now(), served);
        }
        let is_late = elapsed_since(self.caught_up) > self.patience;
        self.behind.press(pressed || (is_late && self.starves));
    }
}

/// How often a thread looks what the processor gave it.
const LOOK: Duration = Duration::from_millis(500);

/// What the processor gave a thread since it began, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Served {
    ran_ns: u64,
    waited_ns: u64,
}

impl Served {
    /// The calling thread's, where the system tells.
    fn so_far() -> Option<Self> {
        Self::read(&std::fs::read_to_string("/proc/thread-self/schedstat").ok()?)
    }

    /// From a line of the scheduler's statistics (proc(5), `/proc/pid/schedstat`): time on the processor, time waited for
    /// it, both in nanoseconds, and how often it ran.
    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().map(str::parse);
        Some(Self {
            ran_ns: fields.next()?.ok()?,
            waited_ns: fields.next()?.ok()?,
        })
    }

    /// Whether the processor gave a thread less than a tenth of the time that it asked for between two looks: several
    /// threads behind wait for each other too. It is so where nobody tells.
    fn starves(before: Option<Self>, now: Option<Self>) -> bool {
        let (Some(before), Some(now)) = (before, now) else {
            return true;
        };
        let ran_ns = now.ran_ns.saturating_sub(before.ran_ns);
        let waited_ns = now.waited_ns.saturating_sub(before.waited_ns);
        waited_ns > ran_ns.saturating_mul(9)
    }
}

/// Whether the system lets threads go forward: before the ordinary, and from behind back to it. Tried once, by a thread
/// that does nothing else, for there may be no way back.
fn is_allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let tried = std::thread::Builder::new().spawn(|| {
            has_policy(NormalThreadSchedulePolicy::Idle)
                && has_policy(NormalThreadSchedulePolicy::Other)
                && has_niceness(NICENESS_FIRST)
        });
        let allowed = tried.is_ok_and(|thread| thread.join().unwrap_or(false));
        if !allowed {
            tracing::info!(
                "threads may not go before the ordinary: on a busy processor the journal waits for its turn (CAP_SYS_NICE or a limit of niceness of -10 allows it)"
            );
        }
        allowed
    })
}

/// Gives the calling thread a policy and the lowest weight within it.
fn has_policy(policy: NormalThreadSchedulePolicy) -> bool {
    let policy = ThreadSchedulePolicy::Normal(policy);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).is_ok()
}

/// Gives the calling thread a niceness: where it is a thread's own, it is not the process's.
fn has_niceness(niceness: i32) -> bool {
    rustix::process::setpriority_process(None, niceness).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Niceness and policy of the calling thread: fields 19 and 41 of its line in proc(5).
    fn stands() -> (i32, u32) {
        let line = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let after_name = line.rsplit_once(')').unwrap().1;
        let field = |number: usize| after_name.split_whitespace().nth(number - 3).unwrap();
        (field(19).parse().unwrap(), field(41).parse().unwrap())
    }

    const OTHER: u32 = 0;
    const IDLE: u32 = 5;

    #[test]
    fn a_thread_steps_back_and_forward_again_where_it_may() {
        let (ordinary, _) = stands();
        let steps = std::thread::spawn(|| {
            let mut behind = Behind::step_back();
            let mut seen = vec![stands()];
            for pressed in [true, true, false] {
                behind.press(pressed);
                seen.push(stands());
            }
            seen
        });
        let seen = steps.join().unwrap();
        if is_allowed() {
            let policies: Vec<u32> = seen.iter().map(|(_, policy)| *policy).collect();
            assert_eq!(policies, [IDLE, OTHER, OTHER, IDLE]);
            assert_eq!(seen[1].0, 0);
        } else {
            assert!(seen.iter().all(|stood| *stood == (NICENESS_BEHIND, OTHER)));
        }
        assert_eq!(stands(), (ordinary, OTHER), "only the thread that stepped");
    }

    #[test]
    fn who_goes_first_goes_alone() {
        let went = std::thread::spawn(|| {
            go_first();
            stands()
        });
        let expected = if is_allowed() {
            NICENESS_FIRST
        } else {
            stands().0
        };
        assert_eq!(went.join().unwrap(), (expected, OTHER));
    }

    #[test]
    fn who_gets_less_than_a_tenth_of_what_it_asks_for_starves() {
        let began = Served::read("1000 500 7\n");
        for (now, starves) in [
            ("1100 1400 9", false),
            ("1100 1401 9", true),
            ("1900 600 9", false),
            ("1000 500 7", false),
            ("1000 501 7", true),
            ("", true),
            ("1900", true),
            ("1900 many 9", true),
        ] {
            assert_eq!(Served::starves(began, Served::read(now)), starves, "{now}");
        }
        assert!(Served::starves(None, began), "where nobody tells");
    }

    #[test]
    fn the_system_tells_what_a_thread_was_given() {
        let Some(began) = Served::so_far() else {
            return;
        };
        let mut sum = 0_u64;
        while Served::so_far().is_some_and(|served| served.ran_ns <= began.ran_ns) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Served::so_far().is_some());
    }
}
