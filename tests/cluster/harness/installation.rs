//! What `kubectl apply -k` makes of podgate's manifests, but for the Deployment: nothing here runs Pods.

use std::fs;
use std::path::PathBuf;

use http::Method;
use podgate_engine::syntax::yaml;
use serde_json::{Value, json};

use super::certificates::kubeconfig;
use super::{Content, ControlPlane};

/// Who podgate is to the API server.
pub const SERVICE_ACCOUNT: &str = "system:serviceaccount:podgate:podgate";

/// Which of the manifests' roles are granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// All but those to open gates, which is shown in a cluster of its own.
    Usual,
    /// Those to open gates.
    Gates,
}

/// Where the roles of [`Rights::Gates`] are.
const GATES: &str = "components/gates/";

impl ControlPlane {
    /// Makes podgate's namespace, Service, service account and rights, if that has not been done yet.
    pub async fn install(&self, rights: Rights) {
        self.installation.get_or_init(|| self.make_installation(rights)).await;
    }

    async fn make_installation(&self, rights: Rights) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "podgate"}});
        // It is there where another test was faster.
        self.client.create(&namespace).await;
        // There is no network of Services: a name takes its place, and the port is the one that is asked for.
        let mut service = manifest("base/service.yaml");
        service["spec"] = json!({"type": "ExternalName", "externalName": "localhost"});
        self.client.create(&service).await.accepted();
        self.client.create(&manifest("base/service-account.yaml")).await.accepted();
        for file in files_named(&["role.yaml", "role-binding.yaml"], rights) {
            self.client.create(&manifest(&file)).await.accepted();
        }
    }

    /// A kubeconfig file for podgate's service account, with a token as the kubelet gets it, and with the rights of the
    /// manifests as they are.
    pub async fn service_account(&self, server: &str) -> PathBuf {
        self.install(Rights::Usual).await;
        self.token(server).await
    }

    /// The same where podgate has been installed by somebody else.
    pub async fn token(&self, server: &str) -> PathBuf {
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}
        });
        let path = "/api/v1/namespaces/podgate/serviceaccounts/podgate/token";
        let answer = self.client.send(Method::POST, path, "", Content::Json(&request)).await.accepted();
        let user = json!({"token": answer.body["status"]["token"]});
        let port = server.rsplit(':').next().unwrap();
        let file = self.processes.dir().join(format!("service-account-{port}.kubeconfig"));
        // Whoever reads it while it is written again finds the one before.
        let temporary = file.with_extension(format!("{:x}", fastrand::u64(..)));
        fs::write(&temporary, kubeconfig(server, &self.authority, "podgate", &user)).unwrap();
        fs::rename(temporary, &file).unwrap();
        file
    }

    /// A kubeconfig file for whoever may do everything.
    pub fn admin_kubeconfig(&self) -> PathBuf {
        let file = self.processes.dir().join("admin.kubeconfig");
        let admin = self.authority.client("admin", Some("system:masters"));
        fs::write(&file, admin.kubeconfig(&self.url, &self.authority)).unwrap();
        file
    }
}

/// What podgate's service account is granted: the rules of the manifests' roles.
pub fn granted(rights: Rights) -> Vec<Value> {
    let roles = files_named(&["role.yaml"], rights);
    // The kinds of others are in no cluster of these tests.
    let roles = roles.iter().filter(|file| !file.contains("reports/kinds"));
    roles.flat_map(|file| manifest(file)["rules"].as_array().unwrap().clone()).collect()
}

/// The files of components and overlays whose names end so.
fn files_named(ends: &[&str], rights: Rights) -> Vec<String> {
    let mut files = Vec::new();
    for kind in ["components", "overlays"] {
        for folder in fs::read_dir(manifests().join(kind)).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let name = path.strip_prefix(manifests()).unwrap().to_str().unwrap();
                let is_meant = name.starts_with(GATES) == (rights == Rights::Gates);
                if is_meant && ends.iter().any(|end| name.ends_with(end)) {
                    files.push(name.to_owned());
                }
            }
        }
    }
    files
}

fn manifests() -> PathBuf {
    crate::tree::root().join("manifests")
}

/// The only object in a file of `manifests/`.
pub fn manifest(file: &str) -> Value {
    let path = manifests().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read(&text, file)
}

/// A manifest as a component or an overlay makes it: by the patches that its `kustomization.yaml` has for the kind.
pub fn patched(mut object: Value, folder: &str) -> Value {
    let kustomization = manifest(&format!("{folder}/kustomization.yaml"));
    let patches = kustomization["patches"].as_array().unwrap();
    let patches: Vec<_> = patches.iter().filter(|patch| patch["target"]["kind"] == object["kind"]).collect();
    assert!(!patches.is_empty(), "{folder} has no patch for {}", object["kind"]);
    for patch in patches {
        let operations = read(patch["patch"].as_str().unwrap(), folder);
        json_patch::patch(&mut object, &serde_json::from_value::<json_patch::Patch>(operations).unwrap()).unwrap();
    }
    object
}

fn read(text: &str, origin: &str) -> Value {
    let documents = yaml::documents(text).unwrap();
    let [document] = documents.as_slice() else { panic!("{origin} has {} documents", documents.len()) };
    serde_json::from_str(&document.to_json().unwrap()).unwrap()
}
