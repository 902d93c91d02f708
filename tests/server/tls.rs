//! Versions, protocols, certificates of both sides.

use std::path::Path;

use podgate::server::{Options, Server, TlsVersion, certificates};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    NO_REVIEW, TestServer, client_config, client_config_of, engine, options, read_answer, read_to_end, request, send,
};

#[tokio::test]
async fn protocol_is_what_alpn_says() {
    let server = TestServer::start().await;
    for (client, version) in
        [(server.client().http1_only(), reqwest::Version::HTTP_11), (server.client(), reqwest::Version::HTTP_2)]
    {
        let answer = client.build().unwrap().get(server.url("/validate")).send().await.unwrap();
        assert_eq!(answer.version(), version);
    }
    // Without ALPN: HTTP/1.1.
    let mut stream = server.connect_with(client_config(server.dir.path(), &[])).await.unwrap();
    send(&mut stream, &request(NO_REVIEW)).await;
    assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 400 "));
    // A protocol that is not spoken here.
    assert!(server.connect_with(client_config(server.dir.path(), &["spdy/3"])).await.is_err());
}

#[tokio::test]
async fn versions_from_1_2_on() {
    let server = TestServer::start().await;
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let config = client_config_of(server.dir.path(), &["http/1.1"], &[version], None);
        let mut stream = server.connect_with(config).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        send(&mut stream, &request(NO_REVIEW)).await;
        assert!(read_answer(&mut stream).await.starts_with("HTTP/1.1 400 "));
    }

    // No client library here speaks TLS 1.1 any more: a ClientHello by hand.
    let mut hello = vec![0x03, 0x02];
    hello.extend_from_slice(&[7; 32]);
    // No session, one cipher suite, no compression; then the extensions that every client has: a group, a point
    // format, a signature algorithm.
    hello.extend_from_slice(&[0, 0, 2, 0xc0, 0x09, 1, 0]);
    hello.extend_from_slice(&[0, 22, 0, 10, 0, 4, 0, 2, 0, 23]);
    hello.extend_from_slice(&[0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3]);
    let mut record = vec![0x16, 0x03, 0x01];
    let length = u8::try_from(hello.len()).unwrap();
    record.extend_from_slice(&[0, length + 4, 1, 0, 0, length]);
    record.extend_from_slice(&hello);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut alert = Vec::new();
    stream.read_to_end(&mut alert).await.unwrap();
    // Record of type alert: fatal, protocol_version.
    assert_eq!((alert[0], &alert[5..7]), (0x15, &[2, 70][..]));
    server.wait_for_metric("podgate_errors_total{reason=\"tls_handshake\"} 1").await;
}

#[tokio::test]
async fn plain_http_is_told_so() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
    assert!(body.contains("HTTPS"), "{body}");
    server.wait_for_metric("podgate_errors_total{reason=\"plain_http\"} 1").await;
}

/// An authority in `dir/client-ca.crt`, and a client certificate of it in `client.crt` and `client.key`.
pub fn write_client(dir: &Path, common_name: &str, alternatives: &[SanType]) {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "clients");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut client = CertificateParams::default();
    client.distinguished_name.push(DnType::CommonName, common_name);
    client.subject_alt_names = alternatives.to_vec();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = client.signed_by(&key, &authority).unwrap();
    std::fs::write(dir.join("client-ca.crt"), authority.pem()).unwrap();
    std::fs::write(dir.join("client.crt"), certificate.pem()).unwrap();
    std::fs::write(dir.join("client.key"), key.serialize_pem()).unwrap();
}

/// Trusts the server in `server_dir`, and shows the client certificate in `dir`.
pub fn client_of(server_dir: &Path, dir: &Path) -> ClientConfig {
    let (certificate, key) = (dir.join("client.crt"), dir.join("client.key"));
    client_config_of(server_dir, &["http/1.1"], &[&TLS13, &TLS12], Some((&certificate, &key)))
}

/// Whether a client gets an answer to a request. In TLS 1.3 it is done before its certificate has been judged.
pub async fn is_accepted(server: &TestServer, client: &ClientConfig) -> bool {
    let Ok(mut stream) = server.connect_with(client.clone()).await else { return false };
    let text = request(NO_REVIEW).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(text.as_bytes()).await;
    read_to_end(&mut stream).await.starts_with("HTTP/1.1 400 ")
}

#[tokio::test]
async fn client_certificate_is_required_when_asked_for() {
    let ours = tempfile::tempdir().unwrap();
    let others = tempfile::tempdir().unwrap();
    write_client(ours.path(), "kube-apiserver", &[]);
    write_client(others.path(), "kube-apiserver", &[]);
    let server = TestServer::start_with(|options| {
        options.client_ca = Some(ours.path().join("client-ca.crt"));
    })
    .await;
    for (dir, accepted) in [(None, false), (Some(&others), false), (Some(&ours), true)] {
        for version in [&TLS12, &TLS13] {
            let files = dir.map(|dir| (dir.path().join("client.crt"), dir.path().join("client.key")));
            let identity = files.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
            let config = client_config_of(server.dir.path(), &["http/1.1"], &[version], identity);
            assert_eq!(is_accepted(&server, &config).await, accepted, "{version:?}");
        }
    }
    // Health and metrics are for everybody who reaches the admin port, and hold no secret.
    assert_eq!(server.admin("/readyz").await.status(), 200);
}

#[tokio::test]
async fn client_has_to_carry_one_of_the_names() {
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    for (common_name, alternatives, accepted) in [
        ("kube-apiserver", vec![], true),
        ("kube-apiserver-2", vec![], false),
        ("somebody", vec![], false),
        ("somebody", vec![dns("a.example"), dns("front.apiserver.example")], true),
        ("somebody", vec![SanType::URI("spiffe://cluster/apiserver".try_into().unwrap())], true),
        ("somebody", vec![SanType::IpAddress("127.0.0.1".parse().unwrap())], false),
        ("", vec![], false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write_client(dir.path(), common_name, &alternatives);
        let server = TestServer::start_with(|options| {
            options.client_ca = Some(dir.path().join("client-ca.crt"));
            options.client_names =
                ["kube-apiserver", "*.apiserver.example", "spiffe://cluster/*"].map(str::to_owned).to_vec();
        })
        .await;
        let client = client_of(server.dir.path(), dir.path());
        assert_eq!(is_accepted(&server, &client).await, accepted, "{common_name} {alternatives:?}");
        let line = format!("podgate_errors_total{{reason=\"tls_handshake\"}} {}", u8::from(!accepted));
        server.wait_for_metric(&line).await;
    }
}

#[tokio::test]
async fn minimum_version_is_kept() {
    let server = TestServer::start_with(|options| options.tls_min_version = TlsVersion::Tls13).await;
    for (version, accepted) in [(&TLS12, false), (&TLS13, true)] {
        let config = client_config_of(server.dir.path(), &["http/1.1"], &[version], None);
        assert_eq!(is_accepted(&server, &config).await, accepted, "{version:?}");
    }
}

async fn refusal(change: impl FnOnce(&Path, &mut Options)) -> String {
    let (mut options, dir) = options();
    change(dir.path(), &mut options);
    match Server::bind(options, engine()).await {
        Ok(_) => panic!("should be refused"),
        Err(cause) => cause.to_string(),
    }
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_refused() {
    let other = tempfile::tempdir().unwrap();
    certificates::write(other.path(), &[], 30, false).unwrap();
    let mismatch = refusal(|dir, _| {
        std::fs::copy(other.path().join("tls.key"), dir.join("tls.key")).unwrap();
    })
    .await;
    assert!(mismatch.contains("tls.crt and ") && mismatch.ends_with("cannot be used together"), "{mismatch}");
    let missing = refusal(|dir, _| std::fs::remove_file(dir.join("tls.crt")).unwrap()).await;
    assert!(missing.contains("tls.crt"), "{missing}");
    let empty = refusal(|dir, _| std::fs::write(dir.join("tls.crt"), "").unwrap()).await;
    assert!(empty.ends_with("tls.crt holds no certificate"), "{empty}");
    let no_key = refusal(|dir, _| std::fs::write(dir.join("tls.key"), "x").unwrap()).await;
    assert!(no_key.contains("tls.key"), "{no_key}");
    let no_ca = refusal(|dir, options| options.client_ca = Some(dir.join("tls.key"))).await;
    assert!(no_ca.ends_with("tls.key holds no certificate"), "{no_ca}");
}
