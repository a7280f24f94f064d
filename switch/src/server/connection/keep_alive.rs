//! Peers that are gone without a word: a cable, a crash.
//!
//! Owns: after how long the system notices. Must never: wait for a peer that confirms nothing.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::settings;

/// Questions that a silent peer may leave unanswered.
const PROBES: u32 = 3;

/// How long each waits for its answer.
const INTERVAL: Duration = Duration::from_secs(10);

/// Has the system ask silent peers whether they are there. While bytes are on their way it asks nothing, so these may
/// be on their way for no longer than the questions.
pub(super) fn begin(stream: &TcpStream, bounds: settings::Links) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(bounds.keepalive_s.max(1)))
        .with_interval(INTERVAL)
        .with_retries(PROBES);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(INTERVAL.saturating_mul(PROBES)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::net::TcpListener;

    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn silence_and_bytes_that_nobody_confirms_are_both_bounded() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/switch.toml");
        let bounds = Settings::load(&shipped, std::iter::empty()).unwrap().links;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let stream = stream.await.unwrap();
        begin(&stream, bounds).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), 60);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
        let unconfirmed = socket.tcp_user_timeout().unwrap();
        assert_eq!(unconfirmed, Some(Duration::from_secs(30)));
    }
}
