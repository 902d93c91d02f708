//! podgate as it is run: several processes that share certificates, behind one address.

use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::jiff::Timestamp;
use podgate::server::certificates;
use serde_json::json;

use crate::harness::{ApiServer, Balancer, ControlPlane, Program, eventually, with};
use crate::log::Start;

/// For all tests: what may be waited for in other namespaces, a gate that opens by time, and one that podgate does not open.
const POLICY: &str = r"{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {mutations: {
    waitFor: {targetNamespaces: [infra], openAfter: 10m},
    schedulingGates: [
        {name: example.com/soon, podSelector: {matchLabels: {gate: soon}}, openAfter: 5s,
            openWhen: [{exists: {apiVersion: v1, kind: ConfigMap, name: never}}]},
        {name: example.com/quota, podSelector: {matchLabels: {gate: quota}}}
    ]
}}}";

/// The Lease whose holder opens gates.
pub const LEASE: &str = "podgate-gates";

pub struct Replicas {
    plane: &'static ControlPlane,
    /// The one that podgate asks; everybody else asks another.
    pub api_server: ApiServer<'static>,
    pub balancer: Balancer,
    pub running: Vec<Program>,
    pub starts: Vec<Start>,
    kubeconfig: PathBuf,
    cert_dir: PathBuf,
    policy: PathBuf,
}

impl Replicas {
    /// All that they share; none runs yet.
    pub async fn new(plane: &'static ControlPlane) -> Self {
        let api_server = plane.another_api_server().await;
        let kubeconfig = plane.token(&api_server.url).await;
        let cert_dir = plane.processes.dir().join("gates-certificates");
        certificates::write(&cert_dir, &[], 1, false).unwrap();
        let policy = plane.processes.dir().join("gates-policy.yaml");
        fs::write(&policy, POLICY).unwrap();
        let balancer = Balancer::start().await;
        Self { plane, api_server, balancer, running: Vec::new(), starts: Vec::new(), kubeconfig, cert_dir, policy }
    }

    /// The authority of their certificates, in PEM.
    pub fn ca(&self) -> String {
        fs::read_to_string(self.cert_dir.join(certificates::CA_FILE)).unwrap()
    }

    /// Starts one that opens gates, waits until it is ready, and leads nobody to it yet.
    pub async fn opener(&self) -> Program {
        self.program(&self.kubeconfig, "--open-gates").await
    }

    /// The same of one that only judges. It has all rights: those to watch are no part of those to open gates.
    pub async fn watcher(&self) -> Program {
        let admin = fs::read_to_string(self.plane.admin_kubeconfig()).unwrap();
        let admin = with(serde_json::from_str(&admin).unwrap(), "/contexts/0/context/namespace", "podgate");
        let kubeconfig = self.plane.processes.dir().join("watcher.kubeconfig");
        fs::write(&kubeconfig, admin.to_string()).unwrap();
        self.program(&kubeconfig, "--watch").await
    }

    async fn program(&self, kubeconfig: &Path, option: &str) -> Program {
        let args = ["--drain-delay", "1s", "--policy", self.policy.to_str().unwrap(), option];
        let program = Program::start_in(self.plane, Some(kubeconfig), Some(&self.cert_dir), &args).await;
        eventually("podgate is ready", async || program.is_ready().await.then_some(())).await;
        program
    }

    /// Leads the API server to all that run.
    pub fn serve(&self) {
        self.balancer.serve(&self.running);
    }

    /// Whatever was done to them: waits until two that open gates run, and one of them leads.
    pub async fn restore(&mut self) {
        if !self.api_server.is_running() {
            self.start_api_server().await;
        }
        while self.running.len() < 2 {
            let program = self.opener().await;
            self.running.push(program);
        }
        self.serve();
        self.leader().await;
    }

    /// Starts podgate's API server again, and waits until it is ready.
    pub async fn start_api_server(&mut self) {
        let begun = Timestamp::now();
        self.api_server.start().await;
        self.starts.push(Start { begun, ready: Timestamp::now() });
    }

    /// The place of the one that opens gates, once it is known.
    pub async fn leader(&self) -> usize {
        let leader = eventually("one replica leads", async || {
            let mut leads = Vec::new();
            for (place, program) in self.running.iter().enumerate() {
                if program.metric("podgate_gate_leader").await.as_deref() == Some("1") {
                    leads.push(place);
                }
            }
            let [leader] = leads[..] else { return None };
            Some(leader)
        })
        .await;
        let (holder, name) = (self.holder().await.unwrap_or_default(), &self.running[leader].name);
        assert!(holder.starts_with(&format!("{name}_")), "{name} says that it leads, and the Lease says {holder}");
        leader
    }

    /// Who holds the Lease, as it says.
    pub async fn holder(&self) -> Option<String> {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": LEASE, "namespace": "podgate"}
        });
        let answer = self.plane.client.get(&lease).await;
        answer.body["spec"]["holderIdentity"].as_str().filter(|holder| !holder.is_empty()).map(str::to_owned)
    }

    /// Puts a new one in the place of each, as a rolling update does: the new one is there before the old one is told to end.
    pub async fn roll(&mut self) {
        for _ in 0..self.running.len() {
            let new = self.opener().await;
            self.running.push(new);
            let old = self.running.remove(0);
            self.serve();
            old.stop().await;
        }
    }

    /// Ends the one that leads without a word, and returns who held the Lease.
    pub async fn kill_leader(&mut self) -> String {
        let leader = self.leader().await;
        let holder = self.holder().await.unwrap();
        let killed = self.running.remove(leader);
        self.serve();
        killed.kill();
        holder
    }
}
