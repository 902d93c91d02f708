//! The least that a webhook can do: the server that podgate has, reading each body and giving one constant answer.
//!
//! `floor ADDRESS CERT_DIR` serves HTTPS at `ADDRESS` with `tls.crt` and `tls.key` of `CERT_DIR` until it is ended.

#![allow(clippy::unwrap_used, missing_docs)]

use std::{path::Path, sync::Arc};

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE, routing::post};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const ANSWER: &str = concat!(
    r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"#,
    r#""uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true}}"#
);

async fn answer(body: Bytes) -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    std::hint::black_box(body);
    ([(CONTENT_TYPE, "application/json")], ANSWER)
}

fn tls(folder: &Path) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(folder.join("tls.crt")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("tls.key")).unwrap();
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (address, folder) = (args.next().unwrap(), args.next().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(tls(Path::new(&folder))));
    let listener = TcpListener::bind(address).await.unwrap();
    let router = Router::new().route("/validate", post(answer)).route("/mutate", post(answer));
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            let service = TowerToHyperService::new(router);
            // A client that goes away is no event here.
            drop(Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
