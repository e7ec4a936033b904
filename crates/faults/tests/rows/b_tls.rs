//! TLS, and endpoints that are not what they should be.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use standing_core::{Client, ErrorKind};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Connection, Raw, Step, json, responding, response};
use standing_faults::trial::{self, Ask, LookUp, Metered};
use standing_faults::watch::{KEY_SECRET, MOBILE, Watch};
use standing_faults::{builder, found, sandbox, search, tencent};
use standing_sandbox::Provider;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// A certificate authority of a test's own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A server's certificate for a name, until a year.
    fn certificate(&self, name: &str, until: i32) -> Chain {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (
            certificate.der().clone(),
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
    }
}

type Chain = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// What the scripts are played on.
struct Tls<S>(TlsStream<S>);

impl<S: Connection> Connection for Tls<S> {
    fn reset(&mut self) -> io::Result<()> {
        self.0.get_mut().0.reset()
    }
}

impl<S: Connection> tokio::io::AsyncRead for Tls<S> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(cx, bytes)
    }
}

impl<S: Connection> tokio::io::AsyncWrite for Tls<S> {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn acceptor((certificate, key): Chain) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(chain: Chain, script: Vec<Step>) -> Raw {
    let acceptor = acceptor(chain);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Raw::through(
        listener,
        move |_| script.clone(),
        move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await.ok().map(Tls) }
        },
    )
}

fn client(server: &Raw, name: &str, authority: Option<&Authority>) -> Client<Metered> {
    let endpoint = format!("https://{name}:{}", server.address().port());
    let builder = builder::<Metered>(endpoint).clock(Arc::new(ManualClock::default()));
    match authority {
        Some(authority) => builder.root_certificate(authority.pem.clone()),
        None => builder,
    }
    .build()
    .unwrap()
}

/// The certificate is refused: once, and with a reason.
async fn untrusted(watch: &Watch, client: &Client<Metered>, reason: &str, server: &Raw) {
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Tls, 1),
        "{error}"
    );
    assert!(!error.may_have_run() && !error.is_retryable());
    assert!(error.message().to_lowercase().contains(reason), "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn b1_certificate_without_a_trusted_issuer_is_refused() {
    let watch = Watch::new();
    let authority = Authority::new();
    let server = serve(
        authority.certificate("localhost", 2100),
        responding(json(trial::OK)),
    )
    .await;
    untrusted(
        &watch,
        &client(&server, "localhost", None),
        "certificate",
        &server,
    )
    .await;
    let other = Authority::new();
    untrusted(
        &watch,
        &client(&server, "localhost", Some(&other)),
        "certificate",
        &server,
    )
    .await;
}

#[tokio::test]
async fn b2_a_certificate_that_has_expired() {
    let watch = Watch::new();
    let authority = Authority::new();
    let server = serve(
        authority.certificate("localhost", 2002),
        responding(json(trial::OK)),
    )
    .await;
    untrusted(
        &watch,
        &client(&server, "localhost", Some(&authority)),
        "expired",
        &server,
    )
    .await;
}

#[tokio::test]
async fn b3_a_certificate_for_another_name() {
    let watch = Watch::new();
    let authority = Authority::new();
    let server = serve(
        authority.certificate("elsewhere.example", 2100),
        responding(json(trial::OK)),
    )
    .await;
    untrusted(
        &watch,
        &client(&server, "localhost", Some(&authority)),
        "name",
        &server,
    )
    .await;
    untrusted(
        &watch,
        &client(&server, "127.0.0.1", Some(&authority)),
        "name",
        &server,
    )
    .await;
}

#[tokio::test]
async fn b4_no_tls_on_the_other_side() {
    let watch = Watch::new();
    for bytes in [response(400, "", "plain HTTP"), b"SSH-2.0-x\r\n".to_vec()] {
        let server = Raw::always(vec![Step::Write(bytes), Step::Hold]).await;
        untrusted(&watch, &client(&server, "localhost", None), "tls", &server).await;
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn b5_a_handshake_that_breaks_off() {
    let watch = Watch::new();
    for script in [
        vec![],
        vec![Step::Reset],
        vec![Step::Wait(std::time::Duration::from_millis(5)), Step::Reset],
    ] {
        let server = Raw::always(script).await;
        let client = client(&server, "localhost", None);
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Connect, 3),
            "{error}"
        );
        assert!(!error.may_have_run() && error.is_retryable());
        assert_eq!(server.connections(), 3);
    }
}

#[tokio::test]
async fn b6_a_handshake_that_never_ends() {
    let watch = Watch::new();
    let server = Raw::always(vec![Step::Hold]).await;
    let endpoint = format!("https://localhost:{}", server.address().port());
    let client = builder::<Metered>(endpoint)
        .connect_timeout(std::time::Duration::from_millis(150))
        .build()
        .unwrap();
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Timeout, 3),
        "{error}"
    );
    assert!(!error.may_have_run(), "no byte of the request left");
}

#[tokio::test]
async fn b7_a_root_of_the_users_own() {
    let watch = Watch::new();
    let authority = Authority::new();
    let server = serve(
        authority.certificate("localhost", 2100),
        responding(json(trial::OK)),
    )
    .await;
    let client = client(&server, "localhost", Some(&authority));
    for _ in 0..3 {
        assert_eq!(
            watch.fine(client.send(&Ask::new(MOBILE)).await).attempts(),
            1
        );
    }
    assert_eq!(server.connections(), 1);
    for pem in [
        "",
        "no PEM",
        "-----BEGIN CERTIFICATE-----\nsentinel-token\n-----END CERTIFICATE-----\n",
    ] {
        let error = builder::<Metered>("https://localhost")
            .root_certificate(pem)
            .build()
            .unwrap_err();
        assert_eq!(watch.error(error).kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn b7b_what_breaks_inside_tls_is_told_like_what_breaks_without() {
    let watch = Watch::new();
    let authority = Authority::new();
    let whole = json(trial::OK);
    let cut = whole[..whole.len() - 5].to_vec();
    for script in [
        vec![Step::Read],
        vec![Step::Read, Step::Reset],
        vec![Step::Read, Step::Write(cut.clone())],
        vec![Step::Read, Step::Write(cut), Step::Reset],
    ] {
        let server = serve(authority.certificate("localhost", 2100), script).await;
        let client = client(&server, "localhost", Some(&authority));
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Transport, 1),
            "{error}"
        );
        assert!(error.may_have_run());
    }
}

#[test]
fn b9_plain_http_to_another_machine() {
    let watch = Watch::new();
    for endpoint in [
        "http://example.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0",
    ] {
        let error = watch.error(builder::<Metered>(endpoint).build().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Config, "{endpoint}");
        assert!(error.message().contains("https"), "{error}");
    }
}

#[test]
fn b10_endpoints_that_are_none() {
    let watch = Watch::new();
    for endpoint in [
        format!("https://user:{KEY_SECRET}@example.com"),
        format!("https://example.com?token={KEY_SECRET}"),
        format!("https://example.com/#{KEY_SECRET}"),
        format!("ftp://{KEY_SECRET}.example.com"),
        format!("https://{KEY_SECRET}:{KEY_SECRET}"),
        format!("{KEY_SECRET} example.com"),
        format!("https://example.com/\r\nx: {KEY_SECRET}"),
        String::new(),
    ] {
        let error = watch.error(builder::<Metered>(endpoint).build().unwrap_err());
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0));
    }
}

/// A URL parser takes these for other hosts than those that are signed, or for none.
#[test]
fn b10b_hosts_that_would_be_rewritten() {
    let watch = Watch::new();
    for endpoint in [
        "https://127.1",
        "https://0x7f.1",
        "https://1.2.3",
        "https://2130706433",
        "https://256.1.1.1",
        "https://xn--",
        "https://[::ffff:127.0.0.1]",
    ] {
        let error = watch.error(builder::<Metered>(endpoint).build().unwrap_err());
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Config, 0),
            "{endpoint}"
        );
    }
    for endpoint in [
        "https://[2001:DB8:0:0::1]:443/x",
        "http://[0:0:0:0:0:0:0:1]:9",
    ] {
        assert!(builder::<Metered>(endpoint).build().is_ok(), "{endpoint}");
    }
}

#[tokio::test]
async fn b11_a_path_in_front_of_every_path() {
    let watch = Watch::new();
    let sandbox = sandbox().path_prefix("/gw/%7Ebss").start().await.unwrap();
    let clock = ManualClock::default();
    let client = tencent(sandbox.endpoint(Provider::Tencent), &clock);
    watch.fine(client.send(&search()).await);
    let huawei = builder::<standing_huawei::Huawei>(sandbox.endpoint(Provider::Huawei))
        .build()
        .unwrap();
    watch.fine(
        huawei
            .send(&standing_huawei::bss::ListSubCustomerNewTag::new())
            .await,
    );
    let alibaba = builder::<standing_alibaba::Alibaba>(sandbox.endpoint(Provider::Alibaba))
        .build()
        .unwrap();
    watch.fine(
        alibaba
            .send(&standing_alibaba::bss::GetCustomerAccountInfo::new())
            .await,
    );
    sandbox.assert_all_verified();
    let server = Raw::always(responding(json(&found()))).await;
    let client = tencent(format!("{}/gw/%7Ebss/", server.endpoint()), &clock);
    watch.fine(client.send(&search()).await);
    assert!(server.requests()[0].starts_with("POST /gw/%7Ebss/ HTTP/1.1\r\n"));
}

#[test]
fn b12_verification_cannot_be_switched_off() {
    let _watch = Watch::new();
    let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/src");
    let mut paths = vec![std::path::PathBuf::from(core)];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["danger_", "accept_invalid", "dangerous"] {
            assert!(!text.contains(word), "there is nothing to switch");
        }
    }
}

/// A connection on which a byte is changed once the handshake is done.
struct Tampered {
    stream: TcpStream,
    way: Way,
    armed: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    ToClient,
    ToServer,
}

impl Tampered {
    fn strikes(&self, way: Way) -> bool {
        self.way == way && self.armed.swap(false, Ordering::AcqRel)
    }
}

impl Connection for Tampered {
    fn reset(&mut self) -> io::Result<()> {
        self.stream.set_zero_linger()
    }
}

impl tokio::io::AsyncRead for Tampered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = bytes.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, bytes);
        if bytes.filled().len() > before && self.way == Way::ToServer && self.strikes(Way::ToServer)
        {
            *bytes.filled_mut().last_mut().unwrap() ^= 1;
        }
        outcome
    }
}

impl tokio::io::AsyncWrite for Tampered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut bytes = bytes.to_vec();
        if self.strikes(Way::ToClient) {
            *bytes.last_mut().unwrap() ^= 1;
        }
        Pin::new(&mut self.stream).poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn tampered_tls_record_after_the_handshake_is_a_tls_error_that_may_have_run() {
    let watch = Watch::new();
    for way in [Way::ToClient, Way::ToServer] {
        let authority = Authority::new();
        let acceptor = acceptor(authority.certificate("localhost", 2100));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Raw::through(
            listener,
            move |_| responding(json(trial::OK)),
            move |stream| {
                let (acceptor, armed) = (acceptor.clone(), Arc::new(AtomicBool::new(false)));
                async move {
                    let arm = armed.clone();
                    let tampered = Tampered { stream, way, armed };
                    let accepted = acceptor.accept(tampered).await.ok()?;
                    arm.store(true, Ordering::Release);
                    Some(Tls(accepted))
                }
            },
        );
        let client = client(&server, "localhost", Some(&authority));
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        let came = (error.kind(), error.attempts(), error.may_have_run());
        assert_eq!(came, (ErrorKind::Tls, 1, true), "{way:?}: {error}");
        assert!(!error.is_retryable(), "{way:?}: {error}");

        // A read is repeated, each time on a connection of its own.
        let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
        let came = (error.kind(), error.attempts(), error.may_have_run());
        assert_eq!(came, (ErrorKind::Tls, 3, true), "{way:?}: {error}");
        assert_eq!(server.connections(), 4, "{way:?}");
    }
}
