//! Waits for files to change, however they are exchanged: written in place, renamed over, or swapped by the kubelet,
//! which points a symbolic link (`..data`) two levels up at a new folder.
//!
//! It looks at the content, once in a while, instead of asking the system for events. Events name inodes, so that every
//! link on the way to a file would have to be followed and watched anew after each swap; they run out
//! (`fs.inotify.max_user_instances` is 128 on most nodes, for all containers of a user together), network file systems send
//! none, and a lost one is a policy that never comes into force: a slow poll would be needed anyway. To read a few kilobytes
//! once a second costs microseconds, and the kubelet itself takes up to a minute to swap.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::reader::{FileReader, ReadError};

/// Content that has not changed for this long counts as complete: a small file takes less to be written.
const SETTLE: Duration = Duration::from_millis(100);
/// Limits the number of such waits. Of a file that never stops changing, the content by then counts.
const MAX_SETTLES: u32 = 20;

/// A larger file is not read to its end: no policy and no certificate is so large.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Files that are looked at again and again.
#[derive(Debug)]
pub(crate) struct FileWatch {
    files: Arc<[PathBuf]>,
    interval: Duration,
    seen: Vec<Fingerprint>,
    reader: FileReader,
}

/// The fingerprint of what is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fingerprint {
    /// A file with content of this hash.
    Content(u64),
    /// A pipe or a device, which gives its content once and is never looked at again.
    Stream,
    /// Nothing that can be read.
    Unreadable(io::ErrorKind),
}

impl FileWatch {
    /// Remembers the content of `files` as it is now, and looks at it every `interval`. Whoever reads the files reads them
    /// after this, so that no change falls in between.
    pub(crate) fn new(files: impl IntoIterator<Item = PathBuf>, interval: Duration) -> Self {
        let files: Arc<[PathBuf]> = files.into_iter().collect();
        let seen = fingerprints(&files);
        Self { files, interval, seen, reader: FileReader::default() }
    }

    /// Returns the same for files that could not be read yet, so that the first look at them is a change.
    pub(crate) fn unseen(files: impl IntoIterator<Item = PathBuf>, interval: Duration) -> Self {
        let files: Arc<[PathBuf]> = files.into_iter().collect();
        let seen = files.iter().map(|_| Fingerprint::Unreadable(io::ErrorKind::TimedOut)).collect();
        Self { files, interval, seen, reader: FileReader::default() }
    }

    /// Returns whether any of the files is a pipe or a device.
    pub(crate) fn is_stream(&self) -> bool {
        self.seen.contains(&Fingerprint::Stream)
    }

    /// Waits until the content of any file is another than it was, or a file has come or gone, and all of them hold still.
    /// May be dropped at any time: nothing is lost, and the next call tells of it.
    pub(crate) async fn changed(&mut self) {
        loop {
            sleep(self.interval).await;
            let mut now = self.fingerprints().await;
            if now == self.seen {
                continue;
            }
            for _ in 0..MAX_SETTLES {
                sleep(SETTLE).await;
                let next = self.fingerprints().await;
                if next == now {
                    break;
                }
                now = next;
            }
            // What was changed and changed back is no change.
            if now != self.seen {
                self.seen = now;
                return;
            }
        }
    }

    async fn fingerprints(&self) -> Vec<Fingerprint> {
        let files = Arc::clone(&self.files);
        match self.reader.read(move || fingerprints(&files)).await {
            Ok(seen) => seen,
            // Told of as a change, so that whoever reads the files finds out, and says so.
            Err(ReadError::TimedOut | ReadError::Stuck) => {
                self.files.iter().map(|_| Fingerprint::Unreadable(io::ErrorKind::TimedOut)).collect()
            }
            Err(_) => self.seen.clone(),
        }
    }
}

fn fingerprints(files: &[PathBuf]) -> Vec<Fingerprint> {
    files.iter().map(|file| fingerprint(file).unwrap_or_else(|cause| Fingerprint::Unreadable(cause.kind()))).collect()
}

fn fingerprint(path: &Path) -> io::Result<Fingerprint> {
    // Opening a pipe would wait for its writer.
    let metadata = fs::metadata(path)?;
    let file_type = metadata.file_type();
    if !file_type.is_file() && !file_type.is_dir() {
        return Ok(Fingerprint::Stream);
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut file = File::open(path)?;
    let mut hasher = DefaultHasher::new();
    let mut buffer = [0; 8192];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Fingerprint::Content(hasher.finish())),
            Ok(count) => hasher.write(buffer.get(..count).unwrap_or_default()),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(1);
    /// Just before it looks: what is written then is seen half-written.
    const NEARLY: Duration = Duration::from_millis(950);

    /// Returns whether a change is told of. Paused time passes at once when nothing else is to be done.
    async fn told(watch: &mut FileWatch) -> bool {
        tokio::time::timeout(INTERVAL * 5, watch.changed()).await.is_ok()
    }

    /// Swaps a folder as the kubelet does it: a new folder, a new link to it, renamed over the old one, the old folder gone.
    fn swap(volume: &Path, number: u32, files: &[(&str, &str)]) {
        let data = volume.join("..data");
        let old = fs::read_link(&data).ok();
        let folder = format!("..2026_01_01_{number}");
        fs::create_dir(volume.join(&folder)).unwrap();
        for (name, text) in files {
            fs::write(volume.join(&folder).join(name), text).unwrap();
        }
        symlink(&folder, volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), &data).unwrap();
        for (name, _) in files {
            let _ = symlink(Path::new("..data").join(name), volume.join(name));
        }
        if let Some(old) = old {
            fs::remove_dir_all(volume.join(old)).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_swapped_volume_again_and_again() {
        let volume = tempfile::tempdir().unwrap();
        swap(volume.path(), 0, &[("policy.yaml", "0"), ("other", "")]);
        let mut watch = FileWatch::new([volume.path().join("policy.yaml")], INTERVAL);
        assert!(!told(&mut watch).await);
        for number in 1..=30 {
            swap(volume.path(), number, &[("policy.yaml", &number.to_string()), ("other", "")]);
            assert!(told(&mut watch).await, "swap {number}");
            assert!(!told(&mut watch).await, "swap {number} is told of once");
        }
        // Another file of the volume: the folder is new, the content is not.
        swap(volume.path(), 31, &[("policy.yaml", "30"), ("other", "new")]);
        assert!(!told(&mut watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn written_renamed_removed_and_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.yaml");
        let mut watch = FileWatch::new([file.clone(), dir.path().join("second")], INTERVAL);
        assert!(!told(&mut watch).await);
        fs::write(&file, "a").unwrap();
        assert!(told(&mut watch).await, "a file that comes");
        // The same length, and on many file systems the same time stamp.
        fs::write(&file, "b").unwrap();
        assert!(told(&mut watch).await, "written in place");
        fs::write(dir.path().join("new"), "c").unwrap();
        fs::rename(dir.path().join("new"), &file).unwrap();
        assert!(told(&mut watch).await, "renamed over");
        fs::remove_file(&file).unwrap();
        assert!(told(&mut watch).await, "a file that goes");
        fs::write(dir.path().join("second"), "").unwrap();
        assert!(told(&mut watch).await, "the other file");
        assert!(!told(&mut watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_file_is_not_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.yaml");
        fs::write(&file, "whole").unwrap();
        let mut watch = FileWatch::new([file.clone()], INTERVAL);
        let writer = async {
            // Truncated as the poll looks, and complete a little later.
            sleep(NEARLY).await;
            fs::write(&file, "").unwrap();
            sleep(SETTLE).await;
            fs::write(&file, "whole again").unwrap();
        };
        let (((), at), ()) =
            tokio::join!(async { (watch.changed().await, fs::read_to_string(&file).unwrap()) }, writer);
        assert_eq!(at, "whole again");
        // Changed and changed back.
        let writer = async {
            sleep(NEARLY).await;
            fs::write(&file, "").unwrap();
            sleep(SETTLE).await;
            fs::write(&file, "whole again").unwrap();
        };
        let (told, ()) = tokio::join!(told(&mut watch), writer);
        assert!(!told);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_is_read_by_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut watch = FileWatch::new([pipe], INTERVAL);
        assert!(!told(&mut watch).await);
    }
}
