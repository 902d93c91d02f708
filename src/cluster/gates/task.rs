//! A task of the runtime that ends when nobody wants it any more.

use std::convert::Infallible;

use tokio::task::JoinHandle;

/// Ends its task when it is dropped.
#[derive(Debug)]
pub(super) struct Task(JoinHandle<Infallible>);

impl Task {
    pub(super) fn spawn(task: impl Future<Output = Infallible> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
