//! A PostgreSQL and a Redis that one test may kill.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::process::{eventually, free_port};

pub struct OwnPostgres {
    dir: TempDir,
    programs: PathBuf,
    pub url: String,
    port: u16,
    /// PostgreSQL refuses to run as root.
    user: Option<(String, String)>,
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Where the newest PostgreSQL is; Debian keeps it out of PATH.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    found.retain(|folder| folder.join("initdb").exists());
    found.pop().unwrap_or_else(|| {
        let initdb = said("sh", &["-c", "readlink -f \"$(command -v initdb)\""]);
        Path::new(&initdb).parent().unwrap().to_owned()
    })
}

impl OwnPostgres {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let user = (said("id", &["-u"]) == "0").then(|| {
            let known = |name: &&str| Command::new("id").arg(name).output().is_ok_and(|output| output.status.success());
            let name = ["postgres", "nobody"].into_iter().find(known).expect("a user to run PostgreSQL as").to_owned();
            let group = said("id", &["-g", &name]);
            said("chown", &[&name, dir.path().to_str().unwrap()]);
            (name, group)
        });
        let port = free_port().await;
        let url = format!("postgres://kabinet@127.0.0.1:{port}/postgres");
        let postgres = Self { dir, programs: programs(), url, port, user };
        let data = postgres.data();
        postgres.run(
            "initdb",
            &["--pgdata", &data, "--locale=C", "--encoding=UTF8", "--auth=trust", "--username", "kabinet", "--no-sync"],
        );
        postgres.start_again();
        postgres
    }

    fn data(&self) -> String {
        self.dir.path().join("data").to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = match &self.user {
            None => Command::new(&program),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", group, "--clear-groups", "--"]).arg(&program);
                command
            }
        };
        command.args(arguments).current_dir(self.dir.path());
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{} {arguments:?}", program.display());
    }

    pub fn start_again(&self) {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' -c fsync=off \
             -c synchronous_commit=on -c max_connections=60 -c shared_buffers=32MB",
            self.port
        );
        let log = self.dir.path().join("log");
        self.run(
            "pg_ctl",
            &["start", "-D", &self.data(), "-w", "-t", "30", "-s", "-l", log.to_str().unwrap(), "-o", &options],
        );
    }

    /// As after a crash: no checkpoint, every connection gone.
    pub fn stop_at_once(&self) {
        self.run("pg_ctl", &["stop", "-D", &self.data(), "-m", "immediate", "-s"]);
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.stop_at_once();
        }
    }
}

pub struct OwnRedis {
    pub url: String,
    port: u16,
    process: Option<Child>,
}

impl OwnRedis {
    pub async fn start() -> Self {
        let port = free_port().await;
        let mut redis = Self { url: format!("redis://127.0.0.1:{port}/"), port, process: None };
        redis.start_again().await;
        redis
    }

    pub async fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]);
        self.process = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        eventually("Redis answers", async || self.says("PING").await.filter(|answer| answer.starts_with("+PONG")))
            .await;
    }

    async fn says(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    /// Nothing was saved: all that it knew is gone.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub async fn flush(&self) {
        self.says("FLUSHALL").await.expect("Redis answers");
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
