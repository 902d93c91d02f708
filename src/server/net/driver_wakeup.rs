//! Sees to it that somebody looks at what arrives. The thread that does goes to work when something has arrived, and only a
//! thread that is woken takes its place; were that work a rule that does not come to an end, all connections would wait for
//! it beside idle threads.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

/// How often an idle thread is woken; well below the margin that is kept of a request's time.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks for as long as it lives.
#[derive(Debug)]
pub(crate) struct DriverWakeup {
    /// Nothing is sent; the thread ends when it is dropped.
    _alive: Sender<()>,
}

impl DriverWakeup {
    /// Over the runtime that this is called in.
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
