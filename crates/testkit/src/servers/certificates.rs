//! An authority for servers that speak TLS in tests, and certificates of the loopback by it: good
//! ones, and one that has expired. They are made by `openssl` and gone with the authority.

use super::install::run;
use super::offspring::unprivileged;
use super::place::{Place, home, program, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whom a client trusts. Dropping it deletes its certificates.
#[derive(Debug)]
pub struct Authority {
    openssl: PathBuf,
    place: Place,
    issued: AtomicU32,
}

/// Files in PEM, readable by everybody; they live as long as their [`Authority`].
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, for `localhost` and `127.0.0.1` unless other names were asked for.
    pub certificate: PathBuf,
    /// Its private key, in PKCS #8.
    pub key: PathBuf,
    /// The authority's own certificate: whom to trust.
    pub authority: PathBuf,
}

/// What `openssl ca` wants to read: the authority's files, and which words of a request it keeps.
const SETTINGS: &str = "\
[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
certificate = authority.pem
private_key = authority.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
copy_extensions = copy
[anything]
commonName = supplied
";
/// The names of a server in a test.
const LOOPBACK: &str = "DNS:localhost,IP:127.0.0.1";
/// From and until.
const GOOD: [&str; 2] = ["20200101000000Z", "21200101000000Z"];
/// A P-256 key without a password; unlike RSA it is made in a millisecond.
const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

impl Authority {
    /// A new one, which nobody trusts yet.
    pub fn new() -> Authority {
        let authority = Authority {
            openssl: program("openssl", "openssl"),
            place: Place::new(&home("certificates")),
            issued: AtomicU32::new(0),
        };
        for (name, text) in [("settings", SETTINGS), ("index", "")] {
            write(&authority.file(name), text);
        }
        run(authority
            .openssl("req")
            .args(["-x509", "-days", "30", "-subj", "/CN=testkit"])
            .args(NEW_KEY)
            .args(["-keyout", "authority.key", "-out", "authority.pem"]));
        authority
    }

    /// The authority's own certificate: whom to trust.
    pub fn certificate(&self) -> PathBuf {
        self.file("authority.pem")
    }

    /// Good for some years.
    pub fn good(&self) -> Certificate {
        self.issue(LOOPBACK, GOOD)
    }

    /// Good for some years, with these names, as openssl writes them: `URI:spiffe://shop,DNS:shop.example`.
    pub fn named(&self, names: &str) -> Certificate {
        self.issue(names, GOOD)
    }

    /// Was good for a day, long ago.
    pub fn expired(&self) -> Certificate {
        self.issue(LOOPBACK, ["20200101000000Z", "20200102000000Z"])
    }

    /// Is good for so many more days of a hundred.
    pub fn ending_in(&self, days: u32) -> Certificate {
        let [from, until] = [i64::from(days) - 100, i64::from(days)].map(|days| {
            let mut date = Command::new("date");
            date.args(["-u", "-d", &format!("{days} days"), "+%Y%m%d%H%M%SZ"]);
            let told = date
                .output()
                .expect("`date` of the package coreutils is needed");
            String::from_utf8_lossy(&told.stdout).trim().to_owned()
        });
        self.issue(LOOPBACK, [&from, &until])
    }

    fn issue(&self, names: &str, [from, until]: [&str; 2]) -> Certificate {
        let number = self.issued.fetch_add(1, Ordering::SeqCst);
        let [key, request, certificate] =
            ["key", "request", "pem"].map(|kind| format!("{number}.{kind}"));
        run(self
            .openssl("req")
            .args(NEW_KEY)
            .args(["-subj", "/CN=localhost"])
            .args(["-addext", &format!("subjectAltName={names}")])
            .args(["-keyout", &key, "-out", &request]));
        run(self
            .openssl("ca")
            .args(["-batch", "-notext", "-config", "settings"])
            .args(["-startdate", from, "-enddate", until])
            .args(["-in", &request, "-out", &certificate]));
        Certificate {
            certificate: self.file(&certificate),
            key: self.file(&key),
            authority: self.certificate(),
        }
    }

    /// As the user whom servers run as, so that they can read the keys.
    fn openssl(&self, command: &str) -> Command {
        let mut openssl = unprivileged(&self.openssl);
        openssl.current_dir(self.place.path()).arg(command);
        openssl
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.place.path(), name)
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}
