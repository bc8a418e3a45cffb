//! Pictures of pages, for people to look at.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::build::workspace;
use serde_json::{Value, json};

use crate::Browser;

/// How a page is looked at.
struct Look {
    name: &'static str,
    scheme: &'static str,
    width: u32,
    height: u32,
    phone: bool,
}

const LIGHT: Look = Look {
    name: "light",
    scheme: "light",
    width: 1024,
    height: 720,
    phone: false,
};

const DARK: Look = Look {
    name: "dark",
    scheme: "dark",
    ..LIGHT
};

const PHONE: Look = Look {
    name: "phone",
    width: 375,
    height: 667,
    phone: true,
    ..LIGHT
};

/// The width of the smallest window that a page has to fit, in pixels: WCAG 2.2, 1.4.10 (reflow).
const SMALLEST: u32 = 320;

/// Where the pictures are.
#[must_use]
pub fn folder() -> PathBuf {
    workspace().join("target").join("screenshots")
}

impl Browser {
    /// Takes pictures of the page, `NAME-LOOK.png` in [`folder`], and makes sure that it fits.
    pub async fn take_pictures(&self, name: &str) {
        for look in [LIGHT, DARK, PHONE] {
            self.take_picture(name, &look).await;
        }
        let excess = self.excess_on_smallest("html").await;
        assert_eq!(excess, 0, "{name} is too wide for {SMALLEST} pixels");
    }

    /// How many pixels such an element's content is wider than the element, in the smallest window.
    pub async fn excess_on_smallest(&self, css: &str) -> Value {
        let size =
            json!({ "width": SMALLEST, "height": 568, "mobile": true, "deviceScaleFactor": 1 });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let excess = format!(
            "const all = [...document.querySelectorAll('{css}')]; \
             return Math.max(...all.map((it) => it.scrollWidth - it.clientWidth))"
        );
        let excess = self.run(&excess).await;
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
        excess
    }

    /// The same on a phone alone, where there is least room.
    pub async fn take_picture_on_phone(&self, name: &str) {
        self.take_picture(name, &PHONE).await;
    }

    async fn take_picture(&self, name: &str, look: &Look) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": look.scheme });
        let media = json!({ "features": [scheme] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        let size = json!({
            "width": look.width, "height": look.height, "mobile": look.phone,
            "deviceScaleFactor": if look.phone { 2 } else { 1 },
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let excess = "const page = document.documentElement; \
                      return page.scrollWidth - page.clientWidth;";
        let excess = self.run(excess).await;
        assert_eq!(excess, 0, "{name} is too wide in the look {}", look.name);
        let picture = self.devtools("Page.captureScreenshot", capture()).await;
        save(
            &folder().join(format!("{name}-{}.png", look.name)),
            &picture,
        );
        let media = json!({ "features": [] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({}))
            .await;
    }

    /// What is to be seen after a test has failed.
    pub(crate) async fn last_picture(&self, path: &Path) {
        let command = "Page.captureScreenshot";
        if let Some(picture) = self.try_devtools(command, capture()).await {
            save(path, &picture);
        }
    }
}

fn capture() -> Value {
    json!({ "format": "png", "captureBeyondViewport": true })
}

fn save(path: &Path, picture: &Value) {
    static SAID: Once = Once::new();
    // Around what holds back the output of tests that pass.
    SAID.call_once(|| {
        let line = format!("pictures of the pages: {}\n", folder().display());
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    });
    let png = STANDARD.decode(picture["data"].as_str().unwrap_or_default());
    std::fs::create_dir_all(folder()).expect("a folder for pictures");
    std::fs::write(path, png.expect("base64")).expect("a picture is kept");
}
