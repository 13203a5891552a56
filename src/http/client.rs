//! The one way that this program speaks HTTP.

use std::fmt;
use std::io::Read as _;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use ureq::unversioned::transport::{Connector as _, DefaultConnector};
use ureq::{Agent, Proxy, ProxyProtocol, Timeout};

use crate::domain::text::one_line;

use super::absolute_form::AbsoluteForm;
use super::resolve::{Names, NoAddress};
use super::{HttpError, Proxies, Roots, TlsFault, Url, mask, tls};

/// How much is read of the page that comes with an error status, in bytes.
const ERROR_PAGE: u64 = 64 * 1024;

/// What holds for all exchanges of a client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest until a connection stands, its name looked up and TLS included.
    pub connect_timeout: Duration,
    /// The longest for a whole exchange with all its redirects.
    pub total_timeout: Duration,
    /// How many redirects are followed; 0 returns the redirect itself.
    pub max_redirects: u32,
    /// Which proxies lead where.
    pub proxies: Proxies,
    /// Whose signatures count.
    pub roots: Roots,
    /// Whether certificates are verified. Off only where the operator said so.
    pub verify: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(20),
            max_redirects: 3,
            proxies: Proxies::default(),
            roots: Roots::bundled(),
            verify: true,
        }
    }
}

/// One request.
pub struct Request<'a> {
    method: Method,
    url: &'a Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    limit: u64,
    total_timeout: Option<Duration>,
}

impl<'a> Request<'a> {
    /// A request whose answer may have `limit` bytes, decompressed.
    pub fn new(method: Method, url: &'a Url, limit: u64) -> Self {
        Self { method, url, headers: Vec::new(), body: None, limit, total_timeout: None }
    }

    /// A GET.
    pub fn get(url: &'a Url, limit: u64) -> Self {
        Self::new(Method::GET, url, limit)
    }

    /// The same with a header; one that cannot be written is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            // No text that ureq writes shows it then.
            value.set_sensitive(true);
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self.header("content-type", "application/json")
    }

    /// The same with a limit of time of its own.
    #[must_use]
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = Some(limit);
        self
    }
}

/// What a server answered, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The address that answered in the end.
    pub url: Url,
    /// Host and port of the proxy that it came through.
    pub via: Option<String>,
    /// The body, decompressed and within the limit; of an error status only its beginning.
    pub body: Vec<u8>,
    headers: HeaderMap,
}

impl Reply {
    /// A header's value, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Bodies and headers may hold tokens.
        write!(f, "Reply {{ status: {}, url: {}, body: {} bytes }}", self.status, self.url, self.body.len())
    }
}

/// Speaks HTTP within the limits of its [`Settings`]. Blocking; one connection per exchange.
#[derive(Clone, Debug)]
pub struct Client {
    settings: Settings,
    names: Names,
    agent: Agent,
}

/// How one exchange travels.
struct Way {
    agent: Agent,
    /// What ureq is asked for: the target, or the proxy.
    uri: Uri,
    /// The proxy, where there is one.
    proxy: Option<Url>,
    headers: Vec<(HeaderName, String)>,
}

impl Client {
    /// A client with these settings. Nothing is sent yet.
    pub fn new(settings: Settings) -> Self {
        let names = Names::default();
        let agent = Agent::with_parts(config(&settings, None), DefaultConnector::new(), names.clone());
        Self { settings, names, agent }
    }

    /// Sends a request and reads the whole answer. Redirects are followed as the settings say, for requests
    /// without a body alone. Nothing is repeated.
    ///
    /// # Errors
    /// [`HttpError`]; an error status is no error here.
    pub fn send(&self, request: &Request<'_>) -> Result<Reply, HttpError> {
        let total = request.total_timeout.unwrap_or(self.settings.total_timeout);
        let deadline = Instant::now() + total;
        let mut url = request.url.clone();
        let mut redirects = 0;
        loop {
            let reply = self.exchange(request, &url, deadline, total)?;
            let location = reply.header("location").filter(|_| matches!(reply.status, 301 | 302 | 303 | 307 | 308));
            let (Some(location), true) = (location, self.settings.max_redirects > 0 && request.body.is_none()) else {
                return Ok(reply);
            };
            let peer = url.host_and_port();
            let next =
                url.join(location).map_err(|_| HttpError::BadRedirect { peer: peer.clone(), to: mask(location) })?;
            if url.is_https() && !next.is_https() {
                return Err(HttpError::Downgrade { peer, to: next.to_string() });
            }
            redirects += 1;
            if redirects > self.settings.max_redirects {
                return Err(HttpError::Redirects { peer, limit: self.settings.max_redirects });
            }
            url = next;
        }
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        url: &Url,
        deadline: Instant,
        total: Duration,
    ) -> Result<Reply, HttpError> {
        let proxy = self.settings.proxies.choose(url)?;
        let faults = Faults { settings: &self.settings, url, proxy: proxy.as_ref(), total };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(faults.timeout());
        }
        let way = self.way(url, proxy.clone())?;
        let mut builder = ureq::http::Request::builder().method(request.method.clone()).uri(way.uri);
        for (name, value) in &way.headers {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| HttpError::BadUrl { url: url.to_string(), cause: "it cannot be sent".to_owned() })?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        // A header that was meant for the first server is not for the one that it sends us to.
        for (name, value) in request.headers.iter().filter(|_| same_origin(request.url, url)) {
            builder = builder.header(name, value);
        }
        let unusable = |_| HttpError::BadUrl { url: url.to_string(), cause: "it cannot be sent".to_owned() };
        let sent = match &request.body {
            Some(body) => {
                let prepared = builder.body(body.as_slice()).map_err(unusable)?;
                way.agent.run(way.agent.configure_request(prepared).timeout_global(Some(left)).build())
            }
            None => {
                let prepared = builder.body(()).map_err(unusable)?;
                way.agent.run(way.agent.configure_request(prepared).timeout_global(Some(left)).build())
            }
        };
        let (head, body) = sent.map_err(|e| faults.explain(e))?.into_parts();
        let status = head.status.as_u16();
        if status == 407
            && let Some(proxy) = way.proxy
        {
            return Err(faults.proxy(&proxy, "it wants a user and a password"));
        }
        let mut bytes = Vec::new();
        let reader = body.into_with_config().reader();
        if head.status.is_success() {
            let read = reader.take(request.limit.saturating_add(1)).read_to_end(&mut bytes);
            read.map_err(|e| faults.explain(e.into()))?;
            if bytes.len() as u64 > request.limit {
                return Err(HttpError::TooLarge { peer: url.host_and_port(), limit: request.limit });
            }
        } else {
            // The status is the answer; a page that comes with it may be long, or cut.
            let _ = reader.take(request.limit.min(ERROR_PAGE)).read_to_end(&mut bytes);
        }
        let via = way.proxy.as_ref().map(Url::host_and_port);
        Ok(Reply { status, url: url.clone(), via, body: bytes, headers: head.headers })
    }

    fn way(&self, url: &Url, proxy: Option<Url>) -> Result<Way, HttpError> {
        let mut headers = Vec::new();
        if let Some(value) = url.basic_authorization() {
            headers.push((header::AUTHORIZATION, value));
        }
        let Some(proxy) = proxy else {
            return Ok(Way { agent: self.agent.clone(), uri: url.uri().clone(), proxy: None, headers });
        };
        if url.is_https() {
            let tunnel = tunnel(&proxy)
                .map_err(|_| HttpError::BadUrl { url: proxy.to_string(), cause: "it is no usable proxy".to_owned() })?;
            let connector = DefaultConnector::new();
            let agent = Agent::with_parts(config(&self.settings, Some(tunnel)), connector, self.names.clone());
            return Ok(Way { agent, uri: url.uri().clone(), proxy: Some(proxy), headers });
        }
        headers.push((header::HOST, url.authority().to_owned()));
        if let Some(value) = proxy.basic_authorization() {
            headers.push((header::PROXY_AUTHORIZATION, value));
        }
        let target = url.uri().path_and_query().map_or("/", |path| path.as_str());
        let uri = format!("{}://{}{target}", proxy.scheme(), proxy.authority());
        let uri = uri
            .parse()
            .map_err(|_| HttpError::BadUrl { url: proxy.to_string(), cause: "it is no usable proxy".to_owned() })?;
        let origin = format!("http://{}", url.authority());
        let connector = DefaultConnector::new().chain(AbsoluteForm { origin });
        let agent = Agent::with_parts(config(&self.settings, None), connector, self.names.clone());
        Ok(Way { agent, uri, proxy: Some(proxy), headers })
    }
}

fn same_origin(one: &Url, other: &Url) -> bool {
    (one.scheme(), one.bare_host(), one.port()) == (other.scheme(), other.bare_host(), other.port())
}

fn config(settings: &Settings, proxy: Option<Proxy>) -> ureq::config::Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(proxy)
        .user_agent(concat!("fuel-updates/", env!("CARGO_PKG_VERSION")))
        .tls_config(settings.roots.config(settings.verify))
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_global(Some(settings.total_timeout))
        // No pool: a connection that died in it would look like a lost answer.
        .max_idle_connections(0)
        .build()
}

fn tunnel(proxy: &Url) -> Result<Proxy, ureq::Error> {
    let protocol = if proxy.is_https() { ProxyProtocol::Https } else { ProxyProtocol::Http };
    let host = proxy.uri().host().unwrap_or("");
    let builder = Proxy::builder(protocol).host(host).port(proxy.port());
    match proxy.user_and_password() {
        Some((user, password)) => builder.username(&user).password(&password).build(),
        None => builder.build(),
    }
}

/// Turns what ureq says into what an operator understands.
struct Faults<'a> {
    settings: &'a Settings,
    url: &'a Url,
    proxy: Option<&'a Url>,
    total: Duration,
}

impl Faults<'_> {
    /// Who is at the other end of the connection.
    fn peer(&self) -> String {
        match self.proxy {
            Some(proxy) => format!("the proxy {}", proxy.host_and_port()),
            None => self.url.host_and_port(),
        }
    }

    fn timeout(&self) -> HttpError {
        HttpError::Timeout { peer: self.url.host_and_port(), seconds: self.total.as_secs() }
    }

    fn proxy(&self, proxy: &Url, cause: &str) -> HttpError {
        HttpError::Proxy { proxy: proxy.host_and_port(), peer: self.url.host_and_port(), cause: one_line(cause, 200) }
    }

    fn explain(&self, error: ureq::Error) -> HttpError {
        let peer = self.peer();
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                HttpError::ConnectTimeout { peer, seconds: self.settings.connect_timeout.as_secs() }
            }
            ureq::Error::Timeout(_) => self.timeout(),
            ureq::Error::Io(error) => self.explain_io(&error),
            ureq::Error::Rustls(error) => self.explain_tls(&error),
            ureq::Error::Tls(cause) => HttpError::Tls { peer, fault: TlsFault::Other, cause: cause.to_owned() },
            ureq::Error::HostNotFound => {
                HttpError::Dns { name: self.url.bare_host().to_owned(), cause: "it has no address".to_owned() }
            }
            ureq::Error::ConnectProxyFailed(cause) => match self.proxy {
                Some(proxy) => self.proxy(proxy, &cause),
                None => HttpError::Protocol { peer, cause: one_line(&cause, 200) },
            },
            ureq::Error::Other(error) => match error.downcast_ref::<NoAddress>() {
                Some(NoAddress { name, cause }) => HttpError::Dns { name: name.clone(), cause: cause.clone() },
                None => HttpError::Protocol { peer, cause: one_line(&error.to_string(), 200) },
            },
            ureq::Error::Protocol(_) => {
                HttpError::Protocol { peer, cause: "what it sent is no HTTP answer".to_owned() }
            }
            ureq::Error::Decompress(..) => {
                HttpError::Protocol { peer, cause: "its compressed answer is damaged".to_owned() }
            }
            ureq::Error::LargeResponseHeader(..) => {
                HttpError::Protocol { peer, cause: "its headers are too large".to_owned() }
            }
            other => HttpError::Protocol { peer, cause: one_line(&other.to_string(), 200) },
        }
    }

    fn explain_io(&self, error: &std::io::Error) -> HttpError {
        use std::io::ErrorKind;
        let peer = self.peer();
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return self.explain_tls(inner);
        }
        let cause = || one_line(&error.to_string(), 120);
        match error.kind() {
            ErrorKind::ConnectionRefused => HttpError::Refused { peer },
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable => HttpError::NoRoute { peer, cause: cause() },
            ErrorKind::TimedOut => self.timeout(),
            ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                HttpError::Protocol { peer, cause: "its answer is damaged".to_owned() }
            }
            _ => HttpError::Lost { peer, cause: cause() },
        }
    }

    fn explain_tls(&self, error: &rustls::Error) -> HttpError {
        let (fault, cause) = tls::explain(error);
        HttpError::Tls { peer: self.url.host_and_port(), fault, cause }
    }
}
