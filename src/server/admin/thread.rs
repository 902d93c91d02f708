//! A thread and a runtime of their own for the admin port: the kubelet's probe is answered whatever all others do.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Runs what it is given until it is dropped.
#[derive(Debug)]
pub(crate) struct AdminThread {
    pub(crate) runtime: Handle,
    stop: CancellationToken,
}

impl AdminThread {
    pub(crate) fn start() -> io::Result<Self> {
        let (started, starting) = mpsc::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        thread::Builder::new().name("admin".to_owned()).spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(cause) => {
                    let _ = started.send(Err(cause));
                    return;
                }
            };
            let _ = started.send(Ok(runtime.handle().clone()));
            runtime.block_on(stopped.cancelled());
            runtime.shutdown_background();
        })?;
        let runtime = starting.recv().map_err(io::Error::other)??;
        Ok(Self { runtime, stop })
    }
}

impl Drop for AdminThread {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
