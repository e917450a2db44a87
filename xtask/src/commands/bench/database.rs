//! A PostgreSQL for the benchmark, and its databases.
//!
//! The tests' own code starts it (`testkit`), as an example of `order-load`: xtask links nothing of
//! ours. It ends with us, whatever becomes of us, since its input does.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::commands::Failure;
use crate::metadata::Workspace;
use crate::{environment, steps, tools};

/// Fills nearly as many files of the write-ahead log as `min_wal_size` has the server keep, which a
/// checkpoint then turns over to be used again. A server that has run for a while has them; a new one fills
/// a new file with zeros every 16 MB, during which nobody commits: 50 ms each where this was found.
const FILL_LOG: &str = "
    DO $$ BEGIN
        FOR file IN 1..500 LOOP
            PERFORM pg_logical_emit_message(false, '', '');
            PERFORM pg_switch_wal();
        END LOOP;
    END $$";

/// What is printed beside the figures.
const TOLD_SETTINGS: &str = "
    SELECT string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
    WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'wal_sync_method',
        'full_page_writes', 'shared_buffers', 'min_wal_size', 'max_wal_size', 'checkpoint_timeout',
        'wal_compression', 'max_connections', 'jit')";

/// A running server.
pub(super) struct Database {
    child: Child,
    port: u64,
    socket_folder: PathBuf,
    pub(super) pid: u32,
}

impl Database {
    /// Builds the starter and starts the server.
    pub(super) fn start(workspace: &Workspace) -> Result<Self, Failure> {
        let mut cargo = environment::cargo();
        // Not in release: another set of features would build half of the service anew.
        steps::run(cargo.args(["build", "-p", "order-load", "--example", "postgres"]))?;
        let starter = workspace.target.join("debug/examples/postgres");
        let mut child = Command::new(&starter)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| {
                Failure::while_doing(format!("cannot start {}", starter.display()), error)
            })?;
        let mut line = String::new();
        let told = child.stdout.take();
        if let Some(told) = told {
            // An error leaves the line empty, which says enough: the starter has said why.
            let _ = BufReader::new(told).read_line(&mut line);
        }
        let parsed = place(&line);
        let Some((port, socket_folder, pid)) = parsed else {
            let _ = child.kill();
            let _ = child.wait();
            let message = "PostgreSQL did not start; what its starter says stands above";
            return Err(Failure::Failed(message.to_owned()));
        };
        let database = Self {
            child,
            port,
            socket_folder,
            pid,
        };
        database.sql("postgres", FILL_LOG)?;
        Ok(database)
    }

    /// Turns the files of the log that are done with over, to be used again.
    pub(super) fn checkpoint(&self) -> Result<(), Failure> {
        self.sql("postgres", "CHECKPOINT")?;
        Ok(())
    }

    /// Makes an empty database.
    pub(super) fn create(&self, name: &str) -> Result<(), Failure> {
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(())
    }

    /// Its address for the service.
    pub(super) fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// The folder of the data, on the disk whose flush counts.
    pub(super) fn folder(&self) -> &Path {
        self.socket_folder.parent().unwrap_or(&self.socket_folder)
    }

    pub(super) fn settings(&self) -> Result<String, Failure> {
        Ok(self.sql("postgres", TOLD_SETTINGS)?.trim().to_owned())
    }

    /// Runs SQL and returns the bare rows.
    pub(super) fn sql(&self, database: &str, sql: &str) -> Result<String, Failure> {
        let mut psql = Command::new(tools::PSQL.get()?);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql]);
        steps::output(self.at(&mut psql, database))
    }

    /// Tells one of PostgreSQL's programs where the database is.
    pub(super) fn at<'a>(&self, program: &'a mut Command, database: &str) -> &'a mut Command {
        program
            .env("PGHOST", &self.socket_folder)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", database)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What the starter prints.
fn place(line: &str) -> Option<(u64, PathBuf, u32)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let pid = u32::try_from(value["pid"].as_u64()?).ok()?;
    let folder = value["socket_folder"].as_str()?;
    Some((value["port"].as_u64()?, folder.into(), pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_tells_where_it_is() {
        let line = r#"{"pid":7,"port":5433,"socket_folder":"/tmp/x/socket"}"#;
        assert_eq!(place(line), Some((5433, "/tmp/x/socket".into(), 7)));
        assert_eq!(place(""), None);
    }
}
