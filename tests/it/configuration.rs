//! Settings: where they come from, what is said about wrong ones, and the subcommands that look at them.

use std::path::Path;
use std::process::Output;

use kabinet::config::{CaptchaProvider, Config, DEFAULTS, FailMode, Problems};
use secrecy::ExposeSecret;

use crate::harness::{Backend, Way, free_port, kabinet};

const SECRET: &str = "hunter2-hunter2";

fn load(environment: &[(&str, &str)]) -> Result<Config, Problems> {
    load_with(None, environment)
}

fn load_with(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::load(file, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn keys_of(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn every_problem_is_told_at_once_with_its_section_and_key() {
    let problems = load(&[
        ("KABINET__HTTP__LISTEN", "somewhere"),
        ("KABINET__HTTP__GRAPHIQL", "perhaps"),
        ("KABINET__GRAPHQL__MAX_DEPTH", "1000"),
        ("KABINET__IDENTITY__PASSWORD_POLICY", "none"),
        ("KABINET__PAYMENTS__MINIMUM", "0.00"),
        ("KABINET__SECURITY__SECRET_KEY", "short"),
    ])
    .unwrap_err();
    let expected = [
        "http.listen",
        "http.graphiql",
        "graphql.max_depth",
        "identity.password_policy",
        "payments.minimum",
        "security.secret_key",
    ];
    assert_eq!(keys_of(&problems), expected);
    let text = problems.to_string();
    assert!(text.contains("6 problem(s)") && text.contains("graphql.max_depth must be a whole number from 3 to 100"));
}

#[test]
fn an_outside_captcha_needs_its_keys_and_every_problem_of_it_is_told_at_once() {
    let problems = load(&[
        ("KABINET__CAPTCHA__PROVIDER", "turnstile"),
        ("KABINET__CAPTCHA__VERIFY_URL", "http://captcha.example/check"),
        ("KABINET__CAPTCHA__FAIL_MODE__REGISTER", "ajar"),
        ("KABINET__CAPTCHA__FAIL_MODE__SIGN_IN", ""),
        ("KABINET__CAPTCHA__TIMEOUT_MILLISECONDS", "0"),
    ])
    .unwrap_err();
    let expected = [
        "captcha.timeout_milliseconds",
        "captcha.fail_mode.register",
        "captcha.fail_mode.sign_in",
        "captcha.site_key",
        "captcha.secret",
        "captcha.verify_url",
    ];
    assert_eq!(keys_of(&problems), expected);
    assert_eq!(keys_of(&load(&[("KABINET__CAPTCHA__PROVIDER", "recaptcha")]).unwrap_err()), ["captcha.provider"]);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let settings = [
        ("KABINET__CAPTCHA__PROVIDER", "smartcaptcha"),
        ("KABINET__CAPTCHA__SITE_KEY", "ysc1_key"),
        ("KABINET__CAPTCHA__SECRET_FILE", file.path().to_str().unwrap()),
    ];
    let config = load(&settings).unwrap();
    assert_eq!(config.captcha.secret.as_ref().unwrap().expose_secret(), SECRET);
    assert!(!format!("{config:?}").contains(SECRET));
    let modes = config.captcha.fail_modes;
    assert_eq!([modes.register, modes.reset_password, modes.sign_in], [FailMode::Open; 3]);
    let captcha = load(&[]).unwrap().captcha;
    assert_eq!((captcha.provider, captcha.sign_in_failures), (CaptchaProvider::ProofOfWork, 3));
}

#[test]
fn mail_domains_are_compared_in_punycode_and_what_is_none_is_named() {
    let load = |domains| load(&[("KABINET__IDENTITY__ALLOWED_MAIL_DOMAINS", domains)]);
    let domains = load(" Example.com, ПОЧТА.рф,").unwrap().identity.allowed_mail_domains;
    assert_eq!(domains, ["example.com", "xn--80a1acny.xn--p1ai"]);
    let problems = load("example.com, localhost, a@b.ru").unwrap_err();
    assert_eq!(keys_of(&problems), ["identity.allowed_mail_domains"; 2]);
    assert!(problems.to_string().contains("\"localhost\" is none"), "{problems}");
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_other_problems() {
    let settings = [
        ("KABINET__REDIS__URL_FILE", "/nowhere/redis"),
        ("KABINET__HTTP__LISTEN", "bad"),
        ("KABINET__LOG__FORMAT", "x"),
    ];
    let problems = load(&settings).unwrap_err();
    assert_eq!(keys_of(&problems), ["KABINET__REDIS__URL_FILE", "http.listen", "log.format"]);
}

#[cfg(unix)]
#[test]
fn variables_need_not_be_text_unless_they_are_ours() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let strange = || OsString::from_vec(vec![0xff, 0xfe]);
    assert!(Config::load(None, [(strange(), strange()), (OsString::from("LANG"), strange())].into_iter()).is_ok());
    let ours = [(OsString::from("KABINET__MAIL__FROM"), strange())];
    let problems = Config::load(None, ours.into_iter()).unwrap_err();
    assert_eq!(keys_of(&problems), ["KABINET__MAIL__FROM"]);
}

#[test]
fn a_key_that_does_not_exist_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kabinet.toml");
    std::fs::write(&file, "[http]\nlisten = \"127.0.0.1:9000\"\nlisten_port = 9000\n[htpp]\ngraphiql = false\n")
        .unwrap();
    let problems = load_with(Some(&file), &[("KABINET__WORKER__POLL", "1")]).unwrap_err();
    assert_eq!(keys_of(&problems), ["htpp.graphiql", "http.listen_port", "worker.poll"]);
}

#[test]
fn the_environment_is_over_the_file_and_the_file_over_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kabinet.toml");
    std::fs::write(&file, "[graphql]\nmax_depth = 11\nmax_directives = 5\n").unwrap();
    let config = load_with(Some(&file), &[("KABINET__GRAPHQL__MAX_DEPTH", "12"), ("PATH", "/bin")]).unwrap();
    let graphql = config.graphql;
    let defaults = load(&[]).unwrap().graphql;
    assert_eq!((graphql.limits.max_depth, graphql.limits.max_directives), (12, 5));
    assert_eq!(graphql.max_complexity, defaults.max_complexity);
}

#[test]
fn a_variable_that_ends_in_file_names_the_file_that_holds_the_value() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "a secret key of 32 characters ..\n").unwrap();
    let config = load(&[("KABINET__SECURITY__SECRET_KEY_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(config.secret_key.unwrap().expose_secret(), "a secret key of 32 characters ..");

    let missing = dir.path().join("missing");
    let problems = load(&[("KABINET__SECURITY__SECRET_KEY_FILE", missing.to_str().unwrap())]).unwrap_err();
    assert_eq!(keys_of(&problems), ["KABINET__SECURITY__SECRET_KEY_FILE"]);
    assert!(problems.to_string().contains("cannot read"));
}

#[test]
fn no_problem_repeats_a_secret() {
    let url = format!("mysql://kabinet:{SECRET}@db/kabinet");
    let problems = load(&[
        ("KABINET__DATABASE__URL", &url),
        ("KABINET__REDIS__URL", &url),
        ("KABINET__MAIL__SMTP_URL", &url),
        ("KABINET__SECURITY__SECRET_KEY", SECRET),
        ("KABINET__REDIS__PASSWORD", SECRET),
    ])
    .unwrap_err();
    let expected = ["redis.password", "database.url", "redis.url", "mail.smtp_url", "security.secret_key"];
    assert_eq!(keys_of(&problems), expected);
    assert!(!problems.to_string().contains("hunter2"), "{problems}");
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_its_lines() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kabinet.toml");
    std::fs::write(&file, format!("[redis]\nurl = \"redis://:{SECRET}@redis\n")).unwrap();
    let problems = load_with(Some(&file), &[]).unwrap_err();
    let text = problems.to_string();
    assert!(text.contains("kabinet.toml"), "{text}");
    assert!(text.contains("line 2"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let missing = dir.path().join("missing.toml");
    assert!(load_with(Some(&missing), &[]).unwrap_err().to_string().contains("missing.toml"));
}

#[test]
fn a_configuration_shown_for_debugging_hides_secrets() {
    let url = format!("postgres://kabinet:{SECRET}@db/kabinet");
    let config = load(&[
        ("KABINET__DATABASE__URL", &url),
        ("KABINET__REDIS__URL", &url.replace("postgres", "redis")),
        ("KABINET__MAIL__SMTP_URL", &url.replace("postgres", "smtp")),
    ]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter2"));
}

#[test]
fn the_full_way_needs_redis_and_mail_and_the_embedded_way_takes_no_redis() {
    let problems = load(&[("KABINET__DATABASE__URL", "postgres://localhost/kabinet")]).unwrap_err();
    assert_eq!(keys_of(&problems), ["redis.url", "mail.smtp_url"]);
    let problems = load(&[("KABINET__REDIS__URL", "redis://localhost")]).unwrap_err();
    assert_eq!(keys_of(&problems), ["database.url"]);
}

fn run(arguments: &[&str], environment: &[(String, String)]) -> (Output, String, String) {
    let output = kabinet(arguments, environment).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn the_printed_settings_are_the_defaults() {
    let (output, printed, _) = run(&["config"], &[]);
    assert!(output.status.success());
    assert_eq!(printed, DEFAULTS);
    printed.parse::<toml::Table>().expect("it is TOML");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("kabinet.toml");
    std::fs::write(&file, printed).unwrap();
    let (read, defaults) = (load_with(Some(&file), &[]).unwrap(), load(&[]).unwrap());
    assert_eq!(format!("{read:?}"), format!("{defaults:?}"));
}

#[test]
fn every_setting_has_a_comment() {
    let mut explained = false;
    for line in DEFAULTS.lines() {
        let setting = line.contains(" = ") && !line.starts_with('#');
        // A comment stands for the settings right below it.
        assert!(!setting || explained || line.starts_with("from"), "no comment above: {line}");
        explained = if setting { explained } else { line.starts_with('#') };
    }
}

#[test]
fn a_wrong_configuration_ends_with_2_and_the_list_on_standard_error() {
    let wrong = [pair("KABINET__HTTP__LISTEN", "somewhere"), pair("KABINET__LOG__FORMAT", "xml")];
    for command in ["serve", "migrate", "doctor"] {
        let (output, out, err) = run(&[command], &wrong);
        assert_eq!(output.status.code(), Some(2), "{command}");
        assert!(err.contains("  http.listen ") && err.contains("  log.format ") && out.is_empty(), "{command}: {err}");
    }
}

#[test]
fn help_names_every_subcommand() {
    let (output, help, _) = run(&["--help"], &[]);
    assert!(output.status.success());
    for command in ["serve", "migrate", "import", "demo", "schema", "doctor", "config"] {
        let named = help.lines().any(|line| line.split_whitespace().next() == Some(command));
        assert!(named, "{command} is missing in:\n{help}");
        assert!(run(&[command, "--help"], &[]).0.status.success(), "{command} --help");
    }
    assert_eq!(run(&["no-such-command"], &[]).0.status.code(), Some(2));
}

/// The environment of a doctor that does not fill the tests' output with log lines.
fn quietly(backend: &Backend) -> Vec<(String, String)> {
    let mut environment = backend.environment("http://127.0.0.1:1");
    environment.push(pair("KABINET__LOG__FILTER", "off"));
    environment
}

fn replace(environment: &mut [(String, String)], name: &str, value: &str) {
    let found = environment.iter_mut().find(|(found, _)| found == name).expect("it is set");
    value.clone_into(&mut found.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_is_content_with_healthy_data() {
    let backend = Backend::prepare(Way::Embedded).await;
    let (output, out, err) = run(&["doctor"], &quietly(&backend));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.lines().all(|line| line.starts_with("ok ")), "{out}");
    for what in ["configuration", "secret key", "database", "schema", "sessions", "mail", "clock", "outbox", "ledger"] {
        assert!(out.contains(what), "{what} is missing in:\n{out}");
    }
    backend.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_which_steps_of_the_schema_are_missing() {
    let backend = Backend::empty(Way::Embedded).await;
    let (output, out, _) = run(&["doctor"], &quietly(&backend));
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(out.contains("FAIL  schema:") && out.contains("kabinet migrate"), "{out}");
    assert_eq!(out.matches("FAIL").count(), 1, "one cause, one finding: {out}");
    assert!(run(&["migrate"], &quietly(&backend)).0.status.success());
    assert!(run(&["doctor"], &quietly(&backend)).0.status.success());
    backend.clean_up().await;
}

/// A command that finds no tables says what to do, on both engines, and makes none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_over_a_database_without_a_schema_says_how_to_make_one() {
    for way in [Way::Embedded, Way::Full] {
        let backend = Backend::empty(way).await;
        for arguments in [&["clients", "list"][..], &["support", "list"], &["reconcile", "list"]] {
            let (output, out, err) = run(arguments, &quietly(&backend));
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {out}{err}");
            assert!(err.contains("run `kabinet migrate`"), "{arguments:?}: {out}{err}");
        }
        backend.clean_up().await;
    }
}

/// Each part that does not answer, with the advice that names its setting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_the_part_that_does_not_answer_and_what_to_check() {
    let backend = Backend::prepare(Way::Full).await;
    let closed = free_port().await;
    let parts = [
        ("KABINET__DATABASE__URL", format!("postgres://kabinet:{SECRET}@127.0.0.1:{closed}/kabinet"), "database.url"),
        ("KABINET__REDIS__URL", format!("redis://:{SECRET}@127.0.0.1:{closed}"), "redis.url"),
        ("KABINET__MAIL__SMTP_URL", format!("smtp://kabinet:{SECRET}@127.0.0.1:{closed}"), "mail.smtp_url"),
    ];
    for (name, url, setting) in parts {
        let mut environment = quietly(&backend);
        replace(&mut environment, name, &url);
        let (output, out, err) = run(&["doctor"], &environment);
        assert_eq!(output.status.code(), Some(1), "{name}: {out}{err}");
        let failures: String = out.split_inclusive('\n').skip_while(|line| !line.starts_with("FAIL")).collect();
        assert!(failures.contains(setting), "{name}: {out}");
        assert!(!out.contains("hunter2") && !err.contains("hunter2"), "{out}{err}");
    }
    backend.clean_up().await;
}

#[test]
fn the_doctor_measures_argon2_and_advises_settings_that_are_valid_and_strong() {
    let (output, out, err) =
        run(&["doctor", "--argon2", "--aim-milliseconds", "10"], &[pair("KABINET__LOG__FILTER", "off")]);
    assert!(output.status.success(), "{out}{err}");
    let rows: Vec<Vec<&str>> = out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|cells: &Vec<&str>| cells.first().is_some_and(|first| first.parse::<u32>().is_ok()))
        .collect();
    assert_eq!(rows.len(), 5, "what is configured, and four sets: {out}");
    assert!(rows.iter().all(|row| row[4].parse::<u64>().is_ok()), "passwords a second: {out}");
    let advice: Vec<_> =
        out.lines().skip_while(|line| *line != "[identity]").take_while(|line| !line.is_empty()).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), advice.join("\n")).unwrap();
    let identity = load_with(Some(file.path()), &[]).unwrap().identity;
    assert!(advice.len() == 4 && identity.argon2_memory_kib >= 19_456, "{out}");
    assert!(identity.argon2_passes >= 2 || identity.argon2_memory_kib >= 47_104, "{out}");
    assert!(!run(&["doctor", "--aim-milliseconds", "10"], &[]).0.status.success(), "an aim is for --argon2");
}
