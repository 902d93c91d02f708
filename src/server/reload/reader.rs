//! Reads files that may hang, as those of a network do, or that have become something else, as a pipe.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Limits the time in which files are read: a few kilobytes from a disk take milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Threads that read at a time. Those that hang are never ended, and must not become more and more.
const MAX_THREADS: usize = 4;

/// Reasons for which nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It takes too long.
    #[error("it could not be read within {} s: the file system does not answer, or it is a pipe that nobody writes", TIMEOUT.as_secs())]
    TimedOut,
    /// Earlier reads hang.
    #[error("{MAX_THREADS} earlier reads of files have not ended yet")]
    Stuck,
    /// The reader panicked, or the runtime stops.
    #[error("the reader failed")]
    Failed,
}

/// Reads on threads that no request waits for. Nor does the end of the process, which shuts the runtime down in the background.
#[derive(Debug, Clone)]
pub(crate) struct FileReader {
    timeout: Duration,
    reading: Arc<AtomicUsize>,
}

impl Default for FileReader {
    fn default() -> Self {
        Self { timeout: TIMEOUT, reading: Arc::default() }
    }
}

impl FileReader {
    /// Returns what `read` returns, if that is there in time.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ReadError> {
        let reading = Reading(Arc::clone(&self.reading));
        if reading.0.fetch_add(1, Ordering::Relaxed) >= MAX_THREADS {
            return Err(ReadError::Stuck);
        }
        let run = move || {
            let _reading = reading;
            read()
        };
        match timeout(self.timeout, spawn_blocking(run)).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(_failed)) => Err(ReadError::Failed),
            Err(_elapsed) => Err(ReadError::TimedOut),
        }
    }
}

/// One that reads, counted for as long as it lives.
struct Reading(Arc<AtomicUsize>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Fails for anything but a regular file: a pipe cannot be read again.
pub(crate) fn require_regular(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("it is no regular file: a pipe or a device is read once, when podgate starts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn threads_that_hang_are_few() {
        let reader = FileReader { timeout: Duration::from_millis(20), ..FileReader::default() };
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..MAX_THREADS {
            let held = Arc::clone(&held);
            let hung = reader.read(move || held.lock().unwrap().recv().is_ok()).await;
            assert!(matches!(hung, Err(ReadError::TimedOut)), "{hung:?}");
        }
        assert!(matches!(reader.read(|| 1).await, Err(ReadError::Stuck)));
        drop(release);
        while reader.reading.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
        assert!(matches!(reader.read(|| 1).await, Ok(1)));
    }
}
