//! A stand-in for podgate's Service, before several replicas.

use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Program;

/// What a Service is to podgate: takes connections, and passes each on to one of the replicas that are ready.
pub struct Balancer {
    pub port: u16,
    ports: Arc<Mutex<Vec<u16>>>,
    _task: JoinSet<()>,
}

impl Balancer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ports = Arc::<Mutex<Vec<u16>>>::default();
        let mut task = JoinSet::new();
        let targets = Arc::clone(&ports);
        task.spawn(async move {
            let mut connections = JoinSet::new();
            for count in 0_usize.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let target = {
                    let targets = targets.lock().unwrap();
                    (!targets.is_empty()).then(|| targets[count % targets.len()])
                };
                let Some(target) = target else { continue };
                connections.spawn(async move {
                    if let Ok(mut replica) = TcpStream::connect(("127.0.0.1", target)).await {
                        let _ = copy_bidirectional(&mut stream, &mut replica).await;
                    }
                });
            }
        });
        Self { port, ports, _task: task }
    }

    /// New connections go to these from now on.
    pub fn serve<'p>(&self, replicas: impl IntoIterator<Item = &'p Program>) {
        *self.ports.lock().unwrap() = replicas.into_iter().map(|replica| replica.port).collect();
    }
}
