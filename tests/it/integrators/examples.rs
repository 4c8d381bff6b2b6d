//! The programs in docs/integrators.md, run as they stand there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{EVERY_SCOPE, Program};
use crate::harness::{TestApp, both_ways, eventually};
use crate::subscriptions::{append, change};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The page's blocks in a language.
fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join("docs/integrators.md")).unwrap();
    let fence = format!("```{language}\n");
    let behind = page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned());
    behind.collect()
}

struct Follower {
    process: Child,
    printed: PathBuf,
    #[expect(dead_code, reason = "the folder goes with it")]
    folder: tempfile::TempDir,
}

impl Follower {
    fn start(command: &str, arguments: &[&str], file: &str, text: &str, program: &Program) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join(file);
        std::fs::write(&script, text).unwrap();
        let printed = folder.path().join("printed");
        let process = Command::new(command)
            .args(arguments)
            .arg(script)
            .env("KABINET_URL", &program.url)
            .env("CLIENT_ID", &program.client_id)
            .env("CLIENT_SECRET", &program.secret)
            .stdin(Stdio::null())
            .stdout(File::create(&printed).unwrap())
            .spawn()
            .expect("the interpreter is installed");
        Self { process, printed, folder }
    }

    fn lines(&self) -> Vec<Value> {
        let printed = std::fs::read_to_string(&self.printed).unwrap();
        printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    async fn hears(&self, count: usize) -> Vec<Value> {
        eventually("the follower hears", async || {
            let lines = self.lines();
            (lines.len() >= count).then_some(lines)
        })
        .await
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// It hears, loses its token, and misses nothing of what happens meanwhile.
async fn follow(app: &TestApp, program: &Program, follower: &Follower) {
    let caller = program.caller().await;
    let query = "{ apiClient { personalAccounts(first: 1) { edges { node { id } } } } }";
    let account = caller.ask(query, json!({})).await["apiClient"]["personalAccounts"]["edges"][0]["node"]["id"].take();
    let account = account.as_str().unwrap();
    // Nobody says when it has begun: the first that it hears is where it begins.
    let mut kopecks = 0;
    eventually("the follower begins", async || {
        kopecks += 1;
        change(&app.app, account, kopecks).await;
        (!follower.lines().is_empty()).then_some(())
    })
    .await;
    let tokens = "UPDATE api_client_tokens SET expires_at = issued_at";
    app.sql(tokens).await;
    for _ in 0..5 {
        kopecks += 1;
        append(&app.app, account, kopecks).await;
    }
    let last = format!("{}.{:02}", kopecks / 100, kopecks % 100);
    let heard = eventually("the follower comes back", async || {
        let lines = follower.hears(1).await;
        lines.iter().any(|line| line["cause"]["amount"]["amount"] == last.as_str()).then_some(lines)
    })
    .await;
    let versions: Vec<_> = heard.iter().map(|line| line["balance"]["version"].as_i64().unwrap()).collect();
    assert!(versions.len() > 5 && versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
}

both_ways!(the_example_in_python_follows, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let example = blocks("python").into_iter().find(|block| block.contains("/oauth/token")).unwrap();
    let follower = Follower::start("python3", &["-u"], "follow.py", &example, &program);
    follow(&app, &program, &follower).await;
    drop(follower);
    app.finish().await;
});

both_ways!(the_example_in_typescript_follows, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let packages = root().join("tests/clients/node_modules");
    assert!(packages.join(".bin/tsc").is_file(), "the npm packages are not installed: run `make test`");
    let example = blocks("ts").into_iter().find(|block| block.contains("/oauth/token")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("follow.ts");
    // What node has and the web has not.
    let declared = format!("declare const process: {{ env: unknown }};\n{example}\nexport {{}};\n");
    std::fs::write(&source, declared).unwrap();
    let options = ["--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
    let libraries = ["--lib", "es2023,dom,dom.iterable,dom.asynciterable"];
    let mut compiler = Command::new(packages.join(".bin/tsc"));
    compiler.args(options).args(libraries).arg(&source).current_dir(folder.path());
    let done = compiler.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let script = std::fs::read_to_string(folder.path().join("follow.js")).unwrap();
    let follower = Follower::start("node", &[], "follow.mjs", &script, &program);
    follow(&app, &program, &follower).await;
    drop(follower);
    app.finish().await;
});

both_ways!(the_example_in_curl_gets_a_token, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let example = blocks("sh").into_iter().find(|block| block.contains("grant_type=client_credentials")).unwrap();
    let example = example.replace("http://127.0.0.1:8080", &app.url);
    let mut shell = Command::new("sh");
    shell.args(["-c", &example]).env("CLIENT_ID", &program.client_id).env("CLIENT_SECRET", &program.secret);
    let answer = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
    let token: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!((&token["token_type"], &token["scope"]), (&json!("Bearer"), &json!("BALANCES")));
    app.finish().await;
});
