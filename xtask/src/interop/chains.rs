//! Certificate chains as `openssl verify` sees them, with the lists of revoked ones.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::foreign::Foreign;
use super::report::{Ended, Report};
use super::world::World;

const TOOL: &str = "openssl";

/// The chains of the server, of a party and of a key that signs credentials, and one that is revoked.
pub(super) fn judge<W: Write>(world: &World<'_>, foreign: &Foreign<'_>, report: &mut Report<W>) -> Result<()> {
    let openssl = match &foreign.openssl {
        Ok(openssl) => openssl,
        Err(why) => return report.leave_out(TOOL, "certificate chains", why),
    };
    let folder = world.stage.folder();
    let chains = Chains { world, foreign, openssl, public: folder.join("jp/ca/public") };
    let (party, server) = (folder.join("supplier/tls.pem"), folder.join("jp/tls/server.pem"));
    report.step(TOOL, "a party's chain, strictly, with CRL", || chains.takes(&party, "sslclient", "parties"))?;
    report.step(TOOL, "the server's chain, strictly, with CRL", || chains.takes(&server, "sslserver", "servers"))?;
    report.step(TOOL, "the chain as it is served, for its host", || chains.served())?;
    report.step(TOOL, "the server's chain as a client's", || {
        chains.refuses(&server, "sslclient", "servers", "unsuitable certificate purpose")
    })?;
    report.step(TOOL, "a party's chain under another root", || chains.under_another_root(&party))?;
    let x5c =
        world.issued.iter().find_map(|issued| issued.x5c.as_ref()).context("no credential carries certificates")?;
    report.step(TOOL, "the chain of a key that signs credentials, strictly, with CRL", || {
        chains.takes(x5c, "any", "signing")
    })?;
    report.step(TOOL, "that chain as a client's", || {
        chains.refuses(x5c, "sslclient", "signing", "unsuitable certificate purpose")
    })?;
    report.step("registry-node", "the certificate of a party is revoked", || {
        world.jp.operator(&["certs", "revoke", "supplier/supplier", "--reason", "superseded"])?;
        Ok(Ended::Held)
    })?;
    report.step(TOOL, "that party's chain, with the new CRL", || {
        chains.refuses(&party, "sslclient", "parties", "certificate revoked")
    })
}

struct Chains<'a> {
    world: &'a World<'a>,
    foreign: &'a Foreign<'a>,
    openssl: &'a Path,
    public: PathBuf,
}

impl Chains<'_> {
    fn takes(&self, chain: &Path, purpose: &str, issuer: &str) -> Result<Ended> {
        let (taken, said) = self.verify(chain, purpose, issuer, &self.world.ca())?;
        ensure!(taken, "{said}");
        Ok(Ended::Held)
    }

    fn refuses(&self, chain: &Path, purpose: &str, issuer: &str, because: &str) -> Result<Ended> {
        let (taken, said) = self.verify(chain, purpose, issuer, &self.world.ca())?;
        ensure!(!taken && said.contains(because), "it says {said}");
        Ok(Ended::Refused(because.to_owned()))
    }

    fn under_another_root(&self, chain: &Path) -> Result<Ended> {
        let folder = self.world.stage.folder();
        let (root, key) = (folder.join("stranger.pem"), folder.join("stranger.key"));
        let mut make = Command::new(self.openssl);
        make.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=Stranger",
        ]);
        let made = self.foreign.run(TOOL, make.arg("-keyout").arg(&key).arg("-out").arg(&root))?;
        ensure!(made.succeeded, "{}", made.last_words);
        let (taken, said) = self.verify(chain, "sslclient", "parties", &root)?;
        let because = "unable to get local issuer certificate";
        ensure!(!taken && said.contains(because), "it says {said}");
        Ok(Ended::Refused(because.to_owned()))
    }

    /// Whether openssl takes it, and all that it said. The leaf is the first certificate of the file, the rest is its chain.
    fn verify(&self, chain: &Path, purpose: &str, issuer: &str, root: &Path) -> Result<(bool, String)> {
        let mut verify = Command::new(self.openssl);
        verify.args(["verify", "-x509_strict", "-crl_check", "-purpose", purpose, "-CAfile"]).arg(root);
        verify.arg("-CRLfile").arg(self.public.join(format!("{issuer}.crl"))).arg("-untrusted").arg(chain).arg(chain);
        let ran = self.foreign.run(TOOL, &mut verify)?;
        Ok((ran.succeeded, format!("{}{}", ran.err, ran.out).replace('\n', " ")))
    }

    fn served(&self) -> Result<Ended> {
        let address = self.world.jp.url().trim_start_matches("https://").to_owned();
        let mut connect = Command::new(self.openssl);
        connect.args(["s_client", "-connect", &address, "-servername", "localhost", "-verify_hostname", "localhost"]);
        connect.args(["-verify_return_error", "-x509_strict", "-tls1_3", "-CAfile"]).arg(self.world.ca());
        let ran = self.foreign.run(TOOL, &mut connect)?;
        ensure!(ran.out.contains("Verify return code: 0 (ok)"), "it says {}", ran.last_words);
        Ok(Ended::Held)
    }
}
