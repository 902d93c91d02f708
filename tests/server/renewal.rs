//! Certificates that change while the server serves.

use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use podgate::server::certificates;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair};
use time::OffsetDateTime;

use crate::process::{Process, after};
use crate::support::{NO_REVIEW, PATIENCE, TestServer, client_config, read_answer, request, send};

const QUICK: Duration = Duration::from_millis(10);

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// PEM of a certificate and its key. The name tells it from others.
    fn leaf(&self, name: &str, not_after: OffsetDateTime) -> (String, String) {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), format!("{name}.example")]).unwrap();
        params.not_before = OffsetDateTime::UNIX_EPOCH;
        params.not_after = not_after;
        let key = KeyPair::generate().unwrap();
        let issuer: &Issuer<'static, KeyPair> = &self.0;
        (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn next_year() -> OffsetDateTime {
    OffsetDateTime::now_utc() + time::Duration::days(365)
}

/// Exchanges the content of a Secret's volume as the kubelet does.
fn swap(volume: &Path, number: usize, files: &[(&str, &str)]) {
    let data = volume.join("..data");
    let old = std::fs::read_link(&data).ok();
    let folder = format!("..2026_11_22_{number}");
    std::fs::create_dir(volume.join(&folder)).unwrap();
    for (name, text) in files {
        std::fs::write(volume.join(&folder).join(name), text).unwrap();
    }
    symlink(&folder, volume.join("..data_tmp")).unwrap();
    std::fs::rename(volume.join("..data_tmp"), &data).unwrap();
    for (name, _) in files {
        let path = volume.join(name);
        if !path.is_symlink() {
            let _ = std::fs::remove_file(&path);
            symlink(Path::new("..data").join(name), path).unwrap();
        }
    }
    if let Some(old) = old {
        std::fs::remove_dir_all(volume.join(old)).unwrap();
    }
}

/// The certificate that the next handshake shows.
async fn shown(server: &TestServer) -> Vec<u8> {
    let stream = server.connect().await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::pem::PemObject;
    rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

async fn wait_until_shown(server: &TestServer, pem: &str) {
    let wanted = der(pem);
    let seen = async {
        while shown(server).await != wanted {
            tokio::time::sleep(QUICK).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("the new certificate should be shown");
}

/// A server whose folder is a Secret's volume with a certificate of `authority`.
async fn server_of(authority: &Authority, pair: &(String, String)) -> TestServer {
    TestServer::start_with(|options| {
        options.reload_interval = QUICK;
        let dir = options.cert_dir.as_ref().unwrap();
        std::fs::write(dir.join("ca.crt"), authority.0.pem()).unwrap();
        swap(dir, 0, &[("tls.crt", &pair.0), ("tls.key", &pair.1)]);
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundred_swaps_under_load() {
    const SWAPS: usize = 100;
    let authority = Authority::new();
    let first = authority.leaf("first", next_year());
    let server = Arc::new(server_of(&authority, &first).await);
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..3)
        .map(|keep_alive| {
            let (server, stop, answered) = (Arc::clone(&server), Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut kept = server.connect().await;
                while !stop.load(Ordering::Relaxed) {
                    // One goes on with its connection, the others connect for every request.
                    if keep_alive > 0 {
                        kept = server.connect().await;
                    }
                    send(&mut kept, &request(NO_REVIEW)).await;
                    let answer = read_answer(&mut kept).await;
                    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for number in 1..=SWAPS {
        let (certificate, key) = authority.leaf(&format!("n{number}"), next_year());
        swap(server.dir.path(), number, &[("tls.crt", &certificate), ("tls.key", &key)]);
        wait_until_shown(&server, &certificate).await;
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no request may fail");
    }
    assert!(answered.load(Ordering::Relaxed) > SWAPS);
    let metrics = server.metrics().await;
    assert!(metrics.contains("podgate_tls_load_failures_total 0\n"), "{metrics}");
    assert!(metrics.contains("podgate_errors_total{reason=\"tls_handshake\"} 0\n"), "{metrics}");
}

#[tokio::test]
async fn what_cannot_be_used_is_counted_and_the_old_one_stays() {
    let authority = Authority::new();
    let (first, second) = (authority.leaf("first", next_year()), authority.leaf("second", next_year()));
    let server = server_of(&authority, &first).await;
    let broken = [
        // Half written, of two pairs, empty, gone.
        vec![("tls.crt", &first.0[..first.0.len() / 2]), ("tls.key", &first.1)],
        vec![("tls.crt", &second.0), ("tls.key", &first.1)],
        vec![("tls.crt", ""), ("tls.key", "")],
        vec![],
    ];
    for (number, files) in (1..).zip(&broken) {
        swap(server.dir.path(), number, files);
        server.wait_for_metric(&format!("podgate_tls_load_failures_total {number}")).await;
        assert_eq!(shown(&server).await, der(&first.0));
        assert_eq!(server.admin("/readyz").await.status(), 200);
    }
    swap(server.dir.path(), 9, &[("tls.crt", &second.0), ("tls.key", &second.1)]);
    wait_until_shown(&server, &second.0).await;
}

#[tokio::test]
async fn ready_until_the_certificate_has_really_expired() {
    let authority = Authority::new();
    let end = OffsetDateTime::now_utc() + time::Duration::seconds(3);
    let server = server_of(&authority, &authority.leaf("short", end)).await;
    assert_eq!(server.admin("/readyz").await.status(), 200);
    let line = format!("podgate_tls_certificate_expiry_timestamp_seconds {}", end.unix_timestamp());
    server.wait_for_metric(&line).await;
    let begin = Instant::now();
    while server.admin("/readyz").await.status() == 200 {
        assert!(begin.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(OffsetDateTime::now_utc() >= end - time::Duration::seconds(1));
    let answer = server.admin("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("expired"));
    assert_eq!(server.admin("/livez").await.status(), 200);

    let (certificate, key) = authority.leaf("next", next_year());
    swap(server.dir.path(), 1, &[("tls.crt", &certificate), ("tls.key", &key)]);
    wait_until_shown(&server, &certificate).await;
    assert_eq!(server.admin("/readyz").await.status(), 200);
}

/// From 14 days before the end the log says how many are left.
#[test]
fn the_log_warns_from_14_days_before_the_end() {
    for (days, left) in [(14, Some("13")), (1, Some("0")), (15, None)] {
        let dir = tempfile::tempdir().unwrap();
        certificates::write(&dir.path().join("certs"), &[], days, false).unwrap();
        let mut process = Process::serve(dir.path(), &[]);
        let mut log = process.stderr_lines();
        let serving = log.next().unwrap();
        // Whatever it has to complain of it has complained of before it answers.
        let admin = after(&serving, " admin_address=").split(' ').next().unwrap();
        let mut admin = std::net::TcpStream::connect(admin).unwrap();
        admin.set_read_timeout(Some(PATIENCE)).unwrap();
        admin.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut ready = String::new();
        admin.read_to_string(&mut ready).unwrap();
        assert!(ready.starts_with("HTTP/1.1 200 "), "{days} days: {ready}");
        process.signal("INT");
        let warnings: Vec<String> = log.filter(|line| line.contains("is about to expire")).collect();
        match left {
            Some(left) => {
                assert_eq!(warnings.len(), 1, "{days} days: {warnings:?}");
                assert!(
                    warnings[0].contains(" WARN ") && warnings[0].contains(&format!("days={left}")),
                    "{warnings:?}"
                );
            }
            None => assert_eq!(warnings, Vec::<String>::new(), "{days} days"),
        }
        assert_eq!(process.wait().code(), Some(0));
    }
}

/// A client of an authority that is no longer wanted is refused, also where it could resume a session.
#[tokio::test]
async fn authorities_of_clients_are_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    for dir in [&old, &new] {
        std::fs::create_dir(dir).unwrap();
        crate::tls::write_client(dir, "kube-apiserver", &[]);
    }
    let client_ca = folder.path().join("client-ca.crt");
    std::fs::copy(old.join("client-ca.crt"), &client_ca).unwrap();
    let server = TestServer::start_with(|options| {
        options.reload_interval = QUICK;
        options.client_ca = Some(client_ca.clone());
    })
    .await;
    let clients = [&old, &new].map(|dir| crate::tls::client_of(server.dir.path(), dir));
    assert!(crate::tls::is_accepted(&server, &clients[0]).await);
    assert!(!crate::tls::is_accepted(&server, &clients[1]).await);
    std::fs::write(&client_ca, "-----BEGIN CERTIFICATE-----\n").unwrap();
    server.wait_for_metric("podgate_tls_load_failures_total 1").await;
    assert!(crate::tls::is_accepted(&server, &clients[0]).await);
    std::fs::copy(new.join("client-ca.crt"), &client_ca).unwrap();
    let begin = Instant::now();
    while crate::tls::is_accepted(&server, &clients[0]).await {
        assert!(begin.elapsed() < PATIENCE);
        tokio::time::sleep(QUICK).await;
    }
    assert!(crate::tls::is_accepted(&server, &clients[1]).await);
}

/// Files in place of a volume: written one after the other.
#[tokio::test]
async fn files_written_in_place() {
    let server = TestServer::start_with(|options| options.reload_interval = QUICK).await;
    certificates::write(server.dir.path(), &[], 60, true).unwrap();
    let wanted = std::fs::read_to_string(server.dir.path().join("tls.crt")).unwrap();
    let seen = async {
        loop {
            let config = client_config(server.dir.path(), &["http/1.1"]);
            if let Ok(stream) = server.connect_with(config).await
                && stream.get_ref().1.peer_certificates().unwrap()[0].to_vec() == der(&wanted)
            {
                break;
            }
            tokio::time::sleep(QUICK).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
}

async fn wait_for_failures(server: &TestServer, count: usize) {
    server.wait_for_metric(&format!("podgate_tls_load_failures_total {count}")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_certificate_is_not_replaced_by_a_worse_one() {
    let authority = Authority::new();
    let good = authority.leaf("good", next_year());
    let server = server_of(&authority, &good).await;
    wait_until_shown(&server, &good.0).await;
    let now = OffsetDateTime::now_utc();
    let made = |begin, end, names: Vec<String>| {
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = (begin, end);
        params.distinguished_name.push(DnType::CommonName, "podgate.podgate.svc");
        let key = KeyPair::generate().unwrap();
        let issuer: &Issuer<'static, KeyPair> = &authority.0;
        (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
    };
    let day = time::Duration::days(1);
    let names = vec!["127.0.0.1".to_owned()];
    let worse = [
        made(now - day * 2, now - day, names.clone()),
        made(now + day, now + day * 2, names.clone()),
        made(now - day, now + day, Vec::new()),
    ];
    for (number, pair) in worse.iter().enumerate() {
        swap(server.dir.path(), number + 1, &[("tls.crt", &pair.0), ("tls.key", &pair.1)]);
        wait_for_failures(&server, number + 1).await;
        assert_eq!(shown(&server).await, der(&good.0), "{number}");
    }
    assert_eq!(server.admin("/readyz").await.status(), 200);
    let next = authority.leaf("next", next_year());
    swap(server.dir.path(), 9, &[("tls.crt", &next.0), ("tls.key", &next.1)]);
    wait_until_shown(&server, &next.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_valid_yet_is_served_where_there_is_no_other_and_told_of() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_before = OffsetDateTime::now_utc() + time::Duration::days(1);
    params.not_after = next_year();
    let key = KeyPair::generate().unwrap();
    let issuer: &Issuer<'static, KeyPair> = &authority.0;
    let early = (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem());
    let server = server_of(&authority, &early).await;
    let answer = server.admin("/readyz").await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("is not valid yet"));
    let good = authority.leaf("good", next_year());
    swap(server.dir.path(), 1, &[("tls.crt", &good.0), ("tls.key", &good.1)]);
    let ready = async {
        while server.admin("/readyz").await.status() != 200 {
            tokio::time::sleep(QUICK).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.expect("the good certificate should be served");
    assert_eq!(shown(&server).await, der(&good.0));
}

#[tokio::test]
async fn an_encrypted_key_is_called_that() {
    for mark in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "Proc-Type: 4,ENCRYPTED\n",
    ] {
        let (options, dir) = crate::support::options();
        std::fs::write(dir.path().join("tls.key"), mark).unwrap();
        let refused = podgate::server::Server::bind(options, crate::support::engine()).await;
        let cause = refused.err().unwrap().to_string();
        assert!(cause.contains("tls.key is encrypted"), "{cause}");
    }
}

/// As in a folder that somebody else writes: the thread that serves does not hang, and good files are taken up again.
#[tokio::test]
async fn a_key_that_becomes_a_pipe() {
    let authority = Authority::new();
    let first = authority.leaf("first", next_year());
    let server = server_of(&authority, &first).await;
    let key = server.dir.path().join("tls.key");
    std::fs::remove_file(&key).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&key).status().unwrap().success());
    wait_for_failures(&server, 1).await;
    assert_eq!(shown(&server).await, der(&first.0));
    let next = authority.leaf("next", next_year());
    swap(server.dir.path(), 1, &[("tls.crt", &next.0), ("tls.key", &next.1)]);
    wait_until_shown(&server, &next.0).await;
}
