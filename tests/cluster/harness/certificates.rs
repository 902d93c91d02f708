//! The cluster's own authority, what it signs, and the keys of its service accounts.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use serde_json::{Value, json};

/// Signs the API server's certificate and those of its clients.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "podgate test cluster");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// The API server's own identity.
    pub fn server(&self) -> Identity {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![
            SanType::IpAddress("127.0.0.1".parse().unwrap()),
            SanType::IpAddress("10.0.0.1".parse().unwrap()),
            SanType::DnsName("localhost".try_into().unwrap()),
            SanType::DnsName("kubernetes.default.svc".try_into().unwrap()),
        ];
        self.sign(&params)
    }

    /// A client as the API server sees it: a user and at most one group.
    pub fn client(&self, user: &str, group: Option<&str>) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = key();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Identity {
    /// A kubeconfig file for this client.
    pub fn kubeconfig(&self, server: &str, authority: &Authority) -> String {
        let user = json!({
            "client-certificate-data": base64(&self.certificate), "client-key-data": base64(&self.key)
        });
        kubeconfig(server, authority, "default", &user)
    }
}

/// A kubeconfig file for a user, whose own namespace is `namespace`. JSON is YAML.
pub fn kubeconfig(server: &str, authority: &Authority, namespace: &str, user: &Value) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
        "clusters": [{"name": "test", "cluster": {
            "server": server, "certificate-authority-data": base64(&authority.pem())
        }}],
        "users": [{"name": "test", "user": user}],
    })
    .to_string()
}

/// Writes the keys that sign and check the tokens of service accounts: `sa.key` and `sa.pub`.
pub fn write_service_account_keys(dir: &Path) {
    let key = key();
    fs::write(dir.join("sa.key"), key.serialize_pem()).unwrap();
    fs::write(dir.join("sa.pub"), key.public_key_pem()).unwrap();
}

/// How files in PEM stand in JSON.
pub fn base64(pem: &str) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pem)
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}
