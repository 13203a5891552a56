//! The one client that this program speaks HTTP with.

use std::io::{self, Read as _};
use std::time::{Duration, Instant};

use ureq::http::{HeaderName, HeaderValue, header};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, ProxyProtocol};

use super::absolute_form::AbsoluteForm;
use super::encoding::{self, EncodingFault};
use super::explain::{Exchange, WANTS_LOGIN};
use super::proxies::Proxy;
use super::resolve::HostNames;
use super::tls::TlsConnector;
use super::{HttpError, Proxies, Reply, Request, Roots, Url, mask};

/// How much is read of the page that comes with an error status, in bytes.
const ERROR_PAGE: u64 = 64 * 1024;
/// How much of an answer is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// What holds for all exchanges of a client.
#[derive(Clone, Debug)]
pub struct HttpSettings {
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

impl Default for HttpSettings {
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

/// Speaks HTTP within the limits of its [`HttpSettings`]. Blocking; one connection for each exchange.
#[derive(Clone, Debug)]
pub struct Client {
    settings: HttpSettings,
    /// For everything that goes through no proxy.
    direct: Agent,
}

/// How one exchange travels.
struct Route {
    agent: Agent,
    /// What ureq is asked for: the target, or the proxy.
    uri: String,
    /// The proxy, where there is one.
    proxy: Option<Proxy>,
    headers: Vec<(HeaderName, String)>,
}

impl Client {
    /// A client with these settings. Nothing is sent yet.
    pub fn new(settings: HttpSettings) -> Self {
        let direct = agent(&settings, None, None);
        Self { settings, direct }
    }

    /// Sends a request and reads the whole answer. Redirects are followed as the settings say, and only for requests
    /// without a body. Nothing is repeated.
    ///
    /// # Errors
    /// [`HttpError`]; an error status is no error here.
    pub fn send(&self, request: &Request<'_>) -> Result<Reply, HttpError> {
        let mut body = Vec::new();
        let reply = self.send_to(request, &mut |piece| {
            body.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(if body.is_empty() { reply } else { Reply { body, ..reply } })
    }

    /// The same for a large answer: the body of a success goes to `sink` piece by piece, and that of the reply is empty.
    ///
    /// # Errors
    /// As [`Client::send`]; also an error of `sink`, as if the connection had been lost.
    pub fn send_to(
        &self,
        request: &Request<'_>,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Reply, HttpError> {
        let total = request.total_timeout.unwrap_or(self.settings.total_timeout);
        let deadline = Instant::now() + total;
        let mut url = request.url.clone();
        let mut redirects = 0;
        loop {
            let proxy = self.settings.proxies.choose(&url)?;
            let exchange = Exchange {
                url: &url,
                proxy: proxy.as_ref(),
                connect_timeout: self.settings.connect_timeout,
                total_timeout: total,
            };
            let reply = self.exchange(request, &exchange, deadline, sink)?;
            let location = reply.location().filter(|_| matches!(reply.status, 301 | 302 | 303 | 307 | 308));
            let (Some(location), true) = (location, self.settings.max_redirects > 0 && request.body.is_none()) else {
                return Ok(reply);
            };
            let peer = exchange.target();
            let next = match url.join(location) {
                Ok(next) => next,
                Err(fault) => {
                    return Err(HttpError::BadRedirect { peer, to: mask(&String::from_utf8_lossy(location)), fault });
                }
            };
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
        exchange: &Exchange<'_>,
        deadline: Instant,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<Reply, HttpError> {
        let url = exchange.url;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(exchange.timeout());
        }
        let unusable =
            |source: ureq::http::Error| HttpError::BadRequest { url: url.to_string(), source: Box::new(source) };
        let route = self.route(url, exchange.proxy)?;
        let mut builder = ureq::http::Request::builder().method(request.method.clone()).uri(route.uri);
        builder = builder.header(header::ACCEPT_ENCODING, if request.as_is { "identity" } else { encoding::ACCEPTED });
        for (name, value) in &route.headers {
            let mut value = HeaderValue::from_str(value).map_err(|e| unusable(e.into()))?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        // A header that was meant for the first server is not for the one that it sends us to.
        for (name, value) in request.headers.iter().filter(|_| request.url.same_origin(url)) {
            builder = builder.header(name, value);
        }
        let sent = match &request.body {
            Some(body) => {
                let prepared = builder.body(body.as_slice()).map_err(unusable)?;
                route.agent.run(route.agent.configure_request(prepared).timeout_global(Some(left)).build())
            }
            None => {
                let prepared = builder.body(()).map_err(unusable)?;
                route.agent.run(route.agent.configure_request(prepared).timeout_global(Some(left)).build())
            }
        };
        let (head, body) = sent.map_err(|e| exchange.explain(e))?.into_parts();
        let status = head.status.as_u16();
        if status == 407
            && let Some(proxy) = route.proxy
        {
            return Err(exchange.proxy_failed(&proxy, WANTS_LOGIN));
        }
        let peer = || exchange.target();
        let codings = if request.as_is { None } else { Some(head.headers.get_all(header::CONTENT_ENCODING)) };
        let codings: Vec<&[u8]> = codings.into_iter().flatten().map(HeaderValue::as_bytes).collect();
        let decoded = encoding::decoded(body.into_with_config().reader(), &codings);
        let mut bytes = Vec::new();
        if head.status.is_success() {
            let mut reader = decoded.map_err(|fault| HttpError::Encoding { peer: peer(), fault })?;
            let mut piece = vec![0; PIECE];
            let mut size: u64 = 0;
            loop {
                let read = match reader.read(&mut piece) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) if !codings.is_empty() && is_damage(&error) => {
                        return Err(HttpError::Encoding { peer: peer(), fault: EncodingFault::Damaged(error) });
                    }
                    Err(error) => return Err(exchange.explain(error.into())),
                };
                size = size.saturating_add(read as u64);
                if size > request.limit {
                    return Err(HttpError::TooLarge { peer: peer(), limit: request.limit });
                }
                sink(&piece[..read]).map_err(|error| exchange.explain(error.into()))?;
            }
        } else if let Ok(reader) = decoded {
            // The status is the answer; a page that comes with it may be long, or cut.
            let _ = reader.take(request.limit.min(ERROR_PAGE)).read_to_end(&mut bytes);
        }
        let via = route.proxy.as_ref().map(Proxy::peer);
        Ok(Reply { status, url: url.clone(), via, body: bytes, headers: head.headers })
    }

    fn route(&self, url: &Url, proxy: Option<&Proxy>) -> Result<Route, HttpError> {
        let mut headers = Vec::new();
        if let Some(value) = url.basic_authorization() {
            headers.push((header::AUTHORIZATION, value));
        }
        let Some(proxy) = proxy else {
            return Ok(Route { agent: self.direct.clone(), uri: url.as_str().to_owned(), proxy: None, headers });
        };
        if url.is_https() {
            let tunnel = tunnel(&proxy.url)
                .map_err(|e| HttpError::BadRequest { url: proxy.url.to_string(), source: Box::new(e) })?;
            let agent = agent(&self.settings, Some(tunnel), None);
            return Ok(Route { agent, uri: url.as_str().to_owned(), proxy: Some(proxy.clone()), headers });
        }
        headers.push((header::HOST, url.authority().to_owned()));
        if let Some(value) = proxy.url.basic_authorization() {
            headers.push((header::PROXY_AUTHORIZATION, value));
        }
        let uri = format!("{}://{}{}", proxy.url.scheme(), proxy.url.authority(), url.path_and_query());
        let agent = agent(&self.settings, None, Some(format!("http://{}", url.authority())));
        Ok(Route { agent, uri, proxy: Some(proxy.clone()), headers })
    }
}

/// Whether a decoder complains, not the connection.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}

/// A client of ureq: through a tunnel, to a proxy with the target's `origin` in its first line, or directly.
fn agent(settings: &HttpSettings, tunnel: Option<ureq::Proxy>, origin: Option<String>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(tunnel)
        .user_agent(concat!("fuel-updates/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(settings.connect_timeout))
        .timeout_connect(Some(settings.connect_timeout))
        .timeout_global(Some(settings.total_timeout))
        // No pool: a connection that died in it would look like a lost answer.
        .max_idle_connections(0)
        .build();
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(TlsConnector::new(&settings.roots, settings.verify))
            .chain(AbsoluteForm { origin });
    Agent::with_parts(config, connector, HostNames::default())
}

fn tunnel(proxy: &Url) -> Result<ureq::Proxy, ureq::Error> {
    let protocol = if proxy.is_https() { ProxyProtocol::Https } else { ProxyProtocol::Http };
    let builder = ureq::Proxy::builder(protocol).host(proxy.host()).port(proxy.port());
    match proxy.user_and_password() {
        Some((user, password)) => builder.username(&user).password(&password).build(),
        None => builder.build(),
    }
}
