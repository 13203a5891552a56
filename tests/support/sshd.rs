//! Real OpenSSH servers on loopback for tests: own folder, own configuration, own host keys, ended by the
//! process id that was started here.
//!
//! ```ignore
//! let Some(sshd) = Sshd::start(&Setup::on(&["127.70.0.1", "127.70.0.2"]).root("127.70.0.1", &tree)) else { return };
//! ```

#![allow(dead_code, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Where the server is on every distribution; sshd wants to be started by its absolute path.
const SSHD: &str = "/usr/sbin/sshd";
/// sshd's own limit of listening sockets; more addresses get more servers.
const ADDRESSES_PER_SERVER: usize = 16;

/// What the servers are like.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    addresses: Vec<IpAddr>,
    roots: Vec<(IpAddr, PathBuf)>,
    host_keys: Vec<&'static str>,
    lines: Vec<String>,
    noise: Option<(String, String)>,
}

impl Setup {
    /// Servers on these loopback addresses, all on one free port, with an ed25519 host key.
    pub(crate) fn on(addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|a| a.parse().expect("an address")).collect();
        Self { addresses, host_keys: vec!["ed25519"], ..Self::default() }
    }

    /// Commands on this address run with `FUEL_MU_ROOT` set to `tree`.
    pub(crate) fn root(mut self, address: &str, tree: &Path) -> Self {
        self.roots.push((address.parse().expect("an address"), tree.to_owned()));
        self
    }

    /// Host keys of these types (`ed25519`, `rsa`, `ecdsa`).
    pub(crate) fn host_keys(mut self, types: &[&'static str]) -> Self {
        self.host_keys = types.to_vec();
        self
    }

    /// A line of sshd_config, before any `Match`.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Prints `before` and `after` around the output of every command, as careless shell profiles do.
    pub(crate) fn noise(mut self, before: &str, after: &str) -> Self {
        self.noise = Some((before.to_owned(), after.to_owned()));
        self
    }
}

/// Running servers.
pub(crate) struct Sshd {
    dir: TempDir,
    servers: Vec<Child>,
    log: Arc<(Mutex<String>, Condvar)>,
    /// The port of all addresses.
    pub(crate) port: u16,
    /// The user to log in as: whoever runs the test.
    pub(crate) user: String,
    /// An authorized private key: RSA-2048, `BEGIN RSA PRIVATE KEY`, as on a Fuel master.
    pub(crate) rsa_key: PathBuf,
    /// An authorized private key: ed25519, OpenSSH's format.
    pub(crate) ed25519_key: PathBuf,
}

impl Sshd {
    /// Starts the servers. `None`, and a line that says what is skipped, where OpenSSH's server is not
    /// installed; in CI that is a failure.
    pub(crate) fn start(setup: &Setup) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            assert!(std::env::var_os("CI").is_none(), "{SSHD} is missing: install openssh-server");
            eprintln!("SKIPPED: {SSHD} is missing (install openssh-server)");
            return None;
        }
        let dir = tempfile::tempdir().expect("a folder");
        let user = output(Command::new("id").arg("-un"));
        if user == "root" {
            // sshd's folder for its unprivileged half; a tmpfs forgets it.
            fs::create_dir_all("/run/sshd").expect("/run/sshd");
        }
        let rsa_key = kept_key("id_rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
        let ed25519_key = keygen(&dir.path().join("id_ed25519"), &["-t", "ed25519"]);
        let sshd = Self {
            servers: Vec::new(),
            log: Arc::default(),
            port: free_port(&setup.addresses),
            user,
            rsa_key,
            ed25519_key,
            dir,
        };
        for key in [&sshd.rsa_key, &sshd.ed25519_key] {
            sshd.authorize(key);
        }
        for kind in &setup.host_keys {
            let (from, to) =
                (kept_key(&format!("host_{kind}"), &["-t", kind]), sshd.dir.path().join(format!("host_{kind}")));
            fs::copy(from.with_extension("pub"), to.with_extension("pub")).expect("a host key");
            // The mode comes along; sshd insists on it.
            fs::copy(from, to).expect("a host key");
        }
        Some(sshd.listen(setup))
    }

    /// Lets another private key in.
    pub(crate) fn authorize(&self, key: &Path) {
        let mut public = key.as_os_str().to_owned();
        public.push(".pub");
        let line = fs::read_to_string(public).expect("a public key");
        let path = self.dir.path().join("authorized_keys");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, before + &line).expect("authorized_keys");
    }

    /// The public host key of a type, as `ssh-ed25519 AAAA…`.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        let text = fs::read_to_string(self.dir.path().join(format!("host_{kind}.pub"))).expect("a host key");
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Waits until the servers' log satisfies `enough`, and returns the log.
    pub(crate) fn log(&self, enough: impl Fn(&str) -> bool) -> String {
        let (text, news) = &*self.log;
        let until = Instant::now() + Duration::from_secs(20);
        let mut log = text.lock().expect("the log");
        while !enough(&log) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the log never said it:\n{log}");
            log = news.wait_timeout(log, left).expect("the log").0;
        }
        log.clone()
    }

    /// A folder for the test's own files.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn listen(mut self, setup: &Setup) -> Self {
        for (number, addresses) in setup.addresses.chunks(ADDRESSES_PER_SERVER).enumerate() {
            let config = self.dir.path().join(format!("sshd_config.{number}"));
            fs::write(&config, self.config(setup, addresses)).expect("sshd_config");
            let mut server = Command::new(SSHD)
                .args([OsStr::new("-D"), OsStr::new("-e"), OsStr::new("-f"), config.as_os_str()])
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("sshd starts");
            let mut log = BufReader::new(server.stderr.take().expect("its log"));
            self.servers.push(server);
            let mut listening = 0;
            let mut said = String::new();
            while listening < addresses.len() {
                let mut line = String::new();
                assert_ne!(log.read_line(&mut line).expect("a log"), 0, "sshd ended: {said}");
                listening += usize::from(line.starts_with("Server listening on"));
                said.push_str(&line);
            }
            let shared = Arc::clone(&self.log);
            std::thread::spawn(move || {
                for line in log.lines().map_while(Result::ok) {
                    let (text, news) = &*shared;
                    text.lock().expect("the log").push_str(&(line + "\n"));
                    news.notify_all();
                }
            });
        }
        self
    }

    fn config(&self, setup: &Setup, addresses: &[IpAddr]) -> String {
        let dir = self.dir.path().display();
        // sshd takes the first value of a keyword, so the test's own lines come first.
        let mut text: String = setup.lines.iter().map(|line| format!("{line}\n")).collect();
        write!(
            text,
            "Port {}\nUsePAM no\nUseDNS no\nStrictModes no\nPidFile none\nPermitRootLogin yes\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 1000\nPrintMotd no\n\
             AuthorizedKeysFile {dir}/authorized_keys\n",
            self.port
        )
        .expect("text");
        for address in addresses {
            match address {
                IpAddr::V4(v4) => writeln!(text, "ListenAddress {v4}"),
                IpAddr::V6(v6) => writeln!(text, "ListenAddress [{v6}]"),
            }
            .expect("text");
        }
        for kind in &setup.host_keys {
            writeln!(text, "HostKey {dir}/host_{kind}").expect("text");
        }
        if let Some((before, after)) = &setup.noise {
            let script = self.dir.path().join("noisy.sh");
            let body = format!(
                "cat <<'__'\n{before}\n__\nsh -c \"$SSH_ORIGINAL_COMMAND\"\nstatus=$?\ncat <<'__'\n{after}\n__\nexit $status\n"
            );
            fs::write(&script, body).expect("a script");
            writeln!(text, "ForceCommand sh {}", script.display()).expect("text");
        }
        // An empty home: what the profile of whoever runs the test does to a login shell is not under test.
        // sshd takes one SetEnv line per connection, so all of them are in one.
        for address in addresses {
            let root = setup.roots.iter().find(|(of, _)| of == address);
            let root = root.map_or_else(String::new, |(_, tree)| format!(" FUEL_MU_ROOT={}", tree.display()));
            writeln!(text, "Match LocalAddress {address}\n  SetEnv HOME={dir}{root}").expect("text");
        }
        text
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Makes a key pair without a passphrase, or with what `options` say.
pub(crate) fn keygen(path: &Path, options: &[&str]) -> PathBuf {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-f"]).arg(path).args(options).args(["-C", "test"]);
    if !options.contains(&"-N") {
        command.args(["-N", ""]);
    }
    output(&mut command);
    path.to_owned()
}

/// A key pair that is made once per build folder: an RSA key takes a second to find.
pub(crate) fn kept_key(name: &str, options: &[&str]) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !kept.exists() {
        // Other test programs may do the same now. The folder moves as a whole, so both files are of one
        // pair, and it does not move where one is already: the first wins.
        let fresh = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        keygen(&fresh.path().join("key"), options);
        let _ = fs::rename(fresh.path(), &kept);
    }
    kept.join("key")
}

/// Runs a program to its end and returns its output.
pub(crate) fn output(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// A port that is free on all of these addresses.
pub(crate) fn free_port(addresses: &[IpAddr]) -> u16 {
    for _ in 0..50 {
        let first = TcpListener::bind((addresses[0], 0)).expect("a port");
        let port = first.local_addr().expect("its address").port();
        if addresses[1..].iter().all(|address| TcpListener::bind((*address, port)).is_ok()) {
            return port;
        }
    }
    panic!("no free port on {addresses:?}");
}
