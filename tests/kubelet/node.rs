//! The one node of a run: a control plane, a kubelet above scripted containers, and what the kubelet's log says.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::harness::ControlPlane;
use crate::timeline::Event;

const NAME: &str = "node-1";

const CONTROLLERS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
    job-controller,cronjob-controller,ttl-after-finished-controller,garbage-collector-controller,disruption-controller,\
    taint-eviction-controller";

/// All scenarios read the log; once in a while is enough.
const BETWEEN_READS: Duration = Duration::from_millis(50);

pub struct Node {
    pub control_plane: ControlPlane,
    turns: AtomicU32,
    log: Mutex<Log>,
}

/// The kubelet's log, as far as it has been read.
struct Log {
    path: PathBuf,
    read: u64,
    read_at: Instant,
    events: HashMap<String, Vec<Event>>,
}

impl Node {
    /// Starts it all and waits until the node is ready. Panics with what it takes if the programs are not there.
    pub async fn start() -> Self {
        let control_plane = ControlPlane::start().await;
        control_plane.start_controllers(CONTROLLERS);
        let root = control_plane.start_kubelet(NAME).await;
        let log = Log { path: root.join("events.jsonl"), read: 0, read_at: Instant::now(), events: HashMap::new() };
        Self { control_plane, turns: AtomicU32::new(0), log: Mutex::new(log) }
    }

    /// Which of the scenarios this is, in the order in which they begin.
    pub fn turn(&self) -> u32 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// What has happened in a namespace since the first `known` events, in order.
    pub fn events(&self, namespace: &str, known: usize) -> Vec<Event> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.read_at.elapsed() > BETWEEN_READS {
            self.control_plane.processes.check();
            log.read_on();
        }
        log.events.get(namespace).and_then(|events| events.get(known..)).unwrap_or_default().to_vec()
    }

    /// Ends everything.
    pub fn stop(&self) {
        self.control_plane.processes.stop();
    }
}

impl Log {
    fn read_on(&mut self) {
        self.read_at = Instant::now();
        let mut file = File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        // The last line may still be written.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        for line in text[..whole].lines() {
            let mut event: Event = serde_json::from_str(line).unwrap();
            let events = self.events.entry(event.namespace.clone()).or_default();
            event.place = Some(events.len());
            events.push(event);
        }
    }
}
