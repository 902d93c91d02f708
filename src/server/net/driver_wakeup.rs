//! Wakes an idle thread of the runtime every 100 ms, from a thread outside of it.
//!
//! Mechanism: of tokio's threads one at a time polls the I/O driver. When something has arrived it goes to work on that, and
//! only a thread that is woken takes its place at the driver. Reason: were that work a rule that does not come to an end, all
//! connections would wait for it beside idle threads.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

/// Time between two wake-ups of an idle thread; well below the margin that is kept of a request's time.
const INTERVAL: Duration = Duration::from_millis(100);

/// Wakes an idle thread again and again, for as long as it lives.
#[derive(Debug)]
pub(crate) struct DriverWakeup {
    /// Nothing is sent; the thread ends when it is dropped.
    _alive: Sender<()>,
}

impl DriverWakeup {
    /// Starts to wake the threads of the runtime that this is called in.
    pub(crate) fn start() -> io::Result<Self> {
        let (alive, dropped) = mpsc::channel();
        let runtime = Handle::current();
        thread::Builder::new().name("driver-wakeup".to_owned()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = dropped.recv_timeout(INTERVAL) {
                drop(runtime.spawn(async {}));
            }
        })?;
        Ok(Self { _alive: alive })
    }
}
