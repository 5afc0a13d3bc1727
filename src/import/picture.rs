//! Finds the original of a picture: exports show thumbnails, copies of a content network, and pictures that a script loads.

use url::Url;

/// Extensions of pictures.
const EXTENSIONS: [&str; 9] = ["jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "heic"];
/// Attributes with the address of a picture, the best first. The last ones are those that a script loads.
const SOURCES: [&str; 8] = [
    "data-orig-file",
    "data-large-file",
    "data-full-url",
    "data-lazy-src",
    "data-original",
    "data-src",
    "data-image",
    "src",
];
/// Query parameters that only ask for a size.
const SIZES: [&str; 11] = [
    "w", "h", "width", "height", "resize", "fit", "crop", "ssl", "quality", "strip", "zoom",
];

/// The address of the original of a picture with these attributes, in a link to `linked`.
pub(crate) fn original(attribute: &dyn Fn(&str) -> Option<String>, linked: Option<&str>) -> Option<String> {
    let usable = |text: &String| !text.trim().is_empty() && !text.trim().starts_with("data:image/gif");
    let source = SOURCES.iter().find_map(|name| attribute(name).filter(usable));
    let source = source.or_else(|| largest_of(&attribute("srcset").or_else(|| attribute("data-srcset"))?))?;
    let source = original_address(source.trim());
    match linked.map(original_address) {
        Some(linked) if same_picture(&linked, &source) => Some(linked),
        _ => Some(source),
    }
}

/// Whether `address` is that of a picture.
pub(crate) fn is_picture(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let extension = path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .rsplit_once('.')
        .map(|(_, extension)| extension);
    extension.is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The address of the original of the picture at `address`.
pub(crate) fn original_address(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        return address.to_owned();
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    // Substack's network has the original's address at the end of its own
    if host.ends_with("substackcdn.com") || host == "cdn.substack.com" {
        let wrapped = url.path().rsplit('/').next().unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(wrapped).decode_utf8_lossy();
        if decoded.starts_with("http") && Url::parse(&decoded).is_ok() {
            return decoded.into_owned();
        }
    }
    // WordPress' network: https://i0.wp.com/example.com/a.jpg
    if matches!(host.as_str(), "i0.wp.com" | "i1.wp.com" | "i2.wp.com" | "i3.wp.com") {
        let rest = url.path().trim_start_matches('/').to_owned();
        if let Ok(original) = Url::parse(&format!("https://{rest}")) {
            url = original;
        }
    }
    // Blogger: /s640/ in the path
    if host.ends_with(".bp.blogspot.com") || host.ends_with("blogger.googleusercontent.com") {
        let is_size = |part: &str| {
            part.strip_prefix(['s', 'w'])
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let parts: Vec<&str> = url
            .path()
            .split('/')
            .map(|part| if is_size(part) && part.len() < 24 { "s0" } else { part })
            .collect();
        let path = parts.join("/");
        url.set_path(&path);
    }
    // Ghost: /content/images/size/w600/2020/01/a.jpg
    if let Some((before, after)) = url.path().split_once("/content/images/size/") {
        let path = format!(
            "{before}/content/images/{}",
            after.split_once('/').map_or(after, |(_, rest)| rest)
        );
        url.set_path(&path);
    }
    if is_picture(url.path()) && url.query().is_some() {
        let only_sizes = url.query_pairs().all(|(name, _)| SIZES.contains(&&*name));
        if only_sizes {
            url.set_query(None);
        }
    }
    url.to_string()
}

/// Whether `thumbnail` is a smaller copy of `original`: `a-300x200.jpg` of `a.jpg`.
fn same_picture(original: &str, thumbnail: &str) -> bool {
    let name = |address: &str| {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        without_size(file)
    };
    is_picture(original) && name(original) == name(thumbnail)
}

/// The name of a file without the size that WordPress adds: `a-300x200.jpg` is `a.jpg`.
pub(crate) fn without_size(file: &str) -> String {
    let Some((stem, extension)) = file.rsplit_once('.') else {
        return file.to_owned();
    };
    let is_number = |text: &str| !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    match stem.rsplit_once('-') {
        Some((before, size))
            if size
                .split_once('x')
                .is_some_and(|(width, height)| is_number(width) && is_number(height)) =>
        {
            format!("{before}.{extension}")
        }
        _ => file.to_owned(),
    }
}

/// The address of the largest picture of a `srcset`.
fn largest_of(srcset: &str) -> Option<String> {
    let candidates = srcset.split(", ").filter_map(|candidate| {
        let mut parts = candidate.split_whitespace();
        let address = parts.next()?;
        let size: f64 = parts
            .next()
            .and_then(|size| size.trim_end_matches(['w', 'x', ',']).parse().ok())
            .unwrap_or(1.0);
        Some((size, address.trim_end_matches(',')))
    });
    candidates
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, address)| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_of_thumbnails() {
        for (address, expected) in [
            ("https://a.example/x.jpg?w=1024", "https://a.example/x.jpg"),
            ("https://a.example/x.jpg?resize=1024%2C768&ssl=1", "https://a.example/x.jpg"),
            ("https://a.example/x.jpg?id=7", "https://a.example/x.jpg?id=7"),
            ("https://i0.wp.com/a.example/up/x.jpg?w=300", "https://a.example/up/x.jpg"),
            (
                "https://substackcdn.com/image/fetch/w_1456,c_limit/https%3A%2F%2Fbucket.s3.example%2Fimages%2Fx.png",
                "https://bucket.s3.example/images/x.png",
            ),
            (
                "https://3.bp.blogspot.com/-a/V/A/b/s640/photo.jpg",
                "https://3.bp.blogspot.com/-a/V/A/b/s0/photo.jpg",
            ),
            (
                "https://g.example/content/images/size/w600/2020/01/x.jpg",
                "https://g.example/content/images/2020/01/x.jpg",
            ),
            ("/relative/x.jpg?w=3", "/relative/x.jpg?w=3"),
        ] {
            assert_eq!(original_address(address), expected);
        }
    }

    #[test]
    fn the_best_attribute_wins() {
        let of = |attributes: &[(&str, &str)], linked: Option<&str>| {
            let find = |name: &str| {
                attributes
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            original(&find, linked)
        };
        let thumbnail = ("src", "https://a.example/x-300x200.jpg");
        assert_eq!(of(&[thumbnail], None).unwrap(), "https://a.example/x-300x200.jpg");
        assert_eq!(
            of(&[thumbnail], Some("https://a.example/x.jpg")).unwrap(),
            "https://a.example/x.jpg"
        );
        assert_eq!(of(&[thumbnail], Some("https://a.example/other.jpg")).unwrap(), thumbnail.1);
        assert_eq!(
            of(&[thumbnail, ("data-orig-file", "https://a.example/o.jpg")], None).unwrap(),
            "https://a.example/o.jpg"
        );
        // a script would load it
        let lazy = [
            ("src", "data:image/gif;base64,R0lGOD"),
            ("data-src", "https://a.example/l.jpg"),
        ];
        assert_eq!(of(&lazy, None).unwrap(), "https://a.example/l.jpg");
        let set = [("srcset", "https://a.example/s.jpg 300w, https://a.example/l.jpg 1200w")];
        assert_eq!(of(&set, None).unwrap(), "https://a.example/l.jpg");
        assert_eq!(of(&[("alt", "x")], None), None);
    }
}
