//! Lists the connections of a port, and chooses the one that makes room for another.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::peer::Peer;

/// The connections that are open, and some that have ended.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections(Vec<(Arc<Peer>, AbortHandle)>);

impl OpenConnections {
    /// Adds one. `max` are open at a time.
    pub(crate) fn add(&mut self, peer: Arc<Peer>, task: AbortHandle, max: usize) {
        if self.0.len() >= max.saturating_mul(2) {
            self.0.retain(|(_, task)| !task.is_finished());
        }
        self.0.push((peer, task));
    }

    /// Ends the connection on which nothing was asked or answered for longest, whether it ever was or not. One whose request came
    /// just now is as good as new, and one whose body trickles in gets old. Where many have the same address
    /// each counts that many times longer: whoever opens many connections displaces their own. Where clients have to show a
    /// certificate, those that have not shown it yet come before all others. `false` if there is none.
    pub(crate) fn displace_idle(&mut self) -> bool {
        self.0.retain(|(_, task)| !task.is_finished());
        let mut of_address: HashMap<IpAddr, u128> = HashMap::new();
        for (peer, _) in &self.0 {
            *of_address.entry(peer.address()).or_default() += 1;
        }
        let now = Instant::now();
        let weight = |(_, (peer, _)): &(usize, &(Arc<Peer>, AbortHandle))| {
            let same = of_address.get(&peer.address()).copied().unwrap_or(1);
            (Reverse(peer.is_verified()), peer.idle(now).as_micros().saturating_mul(same))
        };
        let Some((at, _)) = self.0.iter().enumerate().max_by_key(weight) else { return false };
        let (_, task) = self.0.swap_remove(at);
        task.abort();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn open(connections: &mut OpenConnections, last: u8) -> (Arc<Peer>, AbortHandle) {
        let peer = Arc::new(Peer::new(Ipv4Addr::new(10, 0, 0, last).into()));
        let task = tokio::spawn(std::future::pending::<()>()).abort_handle();
        connections.add(Arc::clone(&peer), task.clone(), 10);
        (peer, task)
    }

    async fn is_ended(task: &AbortHandle) -> bool {
        tokio::task::yield_now().await;
        task.is_finished()
    }

    #[tokio::test(start_paused = true)]
    async fn longest_without_an_answer_ends() {
        let mut connections = OpenConnections::default();
        let (proven, proven_task) = open(&mut connections, 1);
        let (_, silent) = open(&mut connections, 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        proven.used(Instant::now());
        assert!(connections.displace_idle());
        assert!(is_ended(&silent).await && !is_ended(&proven_task).await);
        // An answer of long ago does not help.
        tokio::time::advance(Duration::from_secs(1)).await;
        let (_, new) = open(&mut connections, 1);
        assert!(connections.displace_idle());
        assert!(is_ended(&proven_task).await && !is_ended(&new).await);
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_many_from_an_address_ends() {
        let mut connections = OpenConnections::default();
        let (_, single) = open(&mut connections, 1);
        tokio::time::advance(Duration::from_secs(2)).await;
        let many: Vec<_> = (0..5).map(|_| open(&mut connections, 2).1).collect();
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(connections.displace_idle());
        assert!(!is_ended(&single).await);
        assert_eq!(many.iter().filter(|task| task.is_finished()).count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn verified_ones_end_last() {
        let mut connections = OpenConnections::default();
        let (verified, verified_task) = open(&mut connections, 1);
        verified.verify();
        tokio::time::advance(Duration::from_secs(60)).await;
        let (_, handshake) = open(&mut connections, 2);
        assert!(connections.displace_idle());
        assert!(is_ended(&handshake).await && !is_ended(&verified_task).await);
        assert!(connections.displace_idle());
        assert!(!connections.displace_idle());
    }
}
