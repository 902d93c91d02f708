//! Limits the memory that the lists and maps of a JSON text take while it is read.
//!
//! An item may be three bytes of text and a thousand bytes in memory. Nothing but the reading itself knows how much it will be,
//! and serde has no way to hand a budget down to the structs that are read; so the room that is left is kept by thread, and
//! [`bounded`] sets it for what is read inside of it.

use std::cell::Cell;

use serde::de;

/// Counts the items that most lists have at most. Room for so many is made at once, or for fewer where items are large: growing moves what is
/// there.
const FEW: usize = 4;
/// The largest item, in bytes, of which there is room for [`FEW`].
const SMALL_ITEM_BYTES: usize = 64;

thread_local! {
    /// Limits what the object that this thread reads may still become in memory, in bytes; see [`bounded`].
    static LEFT_BYTES: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Reads with a bound on the memory that the items of lists and maps take. An item may be three bytes of text and a thousand
/// bytes in memory; whoever writes a million of them is refused here, and not by the kernel that kills the process.
///
/// The bound is `max_bytes` for all that `read` reads on this thread. What is beyond is an error of the reader.
pub fn bounded<T>(max_bytes: usize, read: impl FnOnce() -> T) -> T {
    /// Sets what was left before, whatever way the reading ends.
    struct Before(usize);

    impl Drop for Before {
        fn drop(&mut self) {
            LEFT_BYTES.set(self.0);
        }
    }

    let _before = Before(LEFT_BYTES.replace(max_bytes));
    read()
}

/// Makes room for one more item and some others, because growing moves what is there: a few at first, later half as many as
/// there are. Takes the room away from what may be read.
pub(super) fn make_room<T, E: de::Error>(items: &mut Vec<T>) -> Result<(), E> {
    if items.len() < items.capacity() {
        return Ok(());
    }
    let few = (FEW * SMALL_ITEM_BYTES / size_of::<T>().max(1)).clamp(1, FEW);
    let more = few.max(items.len() / 2);
    let bytes = more.saturating_mul(size_of::<T>());
    let Some(left) = LEFT_BYTES.get().checked_sub(bytes) else {
        return Err(E::custom("there is more in lists than the API server can store"));
    };
    LEFT_BYTES.set(left);
    items.reserve_exact(more);
    Ok(())
}

/// Returns the room that is left on this thread, in bytes.
pub(super) fn left_bytes() -> usize {
    LEFT_BYTES.get()
}

/// Sets the room that is left on this thread: what was read is gone again.
pub(super) fn set_left_bytes(bytes: usize) {
    LEFT_BYTES.set(bytes);
}
