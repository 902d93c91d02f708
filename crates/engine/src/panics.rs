//! The one place where panics are caught: what goes wrong with one object ends the judgement of that object, and nothing else.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use thiserror::Error;

/// A panic that was caught.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("panic: {message}")]
pub struct Panicked {
    /// Its message.
    pub message: String,
}

/// Calls `call`, and returns a panic as an error. What `call` writes to must be fit for use after it: the engine is only read, and
/// what a judgement has written is dropped or replaced.
pub fn catch<T>(call: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| Panicked { message: message(&*panic).to_owned() })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(catch(|| 1), Ok(1));
        let fall_over = || -> u8 { panic!("a rule fell over") };
        assert_eq!(catch(fall_over).unwrap_err().to_string(), "panic: a rule fell over");
    }
}
