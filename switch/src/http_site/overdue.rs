//! A stream whose peer must take what is written in time.
//!
//! Owns: how long a write may wait for the peer, from the first byte that waits to the last that is gone. Must never:
//! begin anew because the peer took a little.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream that fails once a write has waited for too long.
#[derive(Debug)]
pub(super) struct WriteBound<S> {
    stream: S,
    patience: Duration,
    /// Runs out while something waits to be written.
    overdue: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteBound<S> {
    /// Nothing waits yet.
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            overdue: None,
        }
    }

    /// The stream takes nothing at the moment.
    fn waits<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let patience = self.patience;
        let overdue = self
            .overdue
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(overdue.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteBound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteBound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.waits(context),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        // Everything is gone: whoever writes flushes behind the last byte.
        self.overdue = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_peer_that_takes_a_little_now_and_then_does_not_gain_time() {
        let (near, mut far) = duplex(16);
        let mut near = WriteBound::new(near, Duration::from_millis(20));
        let reads = tokio::spawn(async move {
            let mut byte = [0];
            while far.read_exact(&mut byte).await.is_ok() {
                sleep(Duration::from_millis(1)).await;
            }
        });
        let written = near.write_all(&vec![7; 1 << 20]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(near);
        reads.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_taken_is_forgotten_before_the_next_answer() {
        let (near, mut far) = duplex(16);
        let mut near = WriteBound::new(near, Duration::from_secs(3_600));
        let reads = tokio::spawn(async move {
            for _ in 0..4 {
                far.read_exact(&mut [0; 32]).await.unwrap();
            }
        });
        for _ in 0..4 {
            near.write_all(&[7; 32]).await.unwrap();
            assert!(near.overdue.is_some(), "the half of it waited");
            near.flush().await.unwrap();
            assert!(near.overdue.is_none());
        }
        reads.await.unwrap();
    }
}
