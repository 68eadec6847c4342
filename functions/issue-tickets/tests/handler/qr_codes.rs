//! `GET /tickets/{case_number}/qr`.

use serde_json::json;

use crate::city::{Answer, City, put_event, qr_event};

const KL: &str = "KL-2026-000900";

/// The text in the QR code of a PNG.
fn decoded(png: &[u8]) -> String {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut dots).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| dots[y * width + x]);
    image.detect_grids()[0].decode().unwrap().1
}

async fn issued() -> (City, Answer) {
    let city = City::start().await;
    let printed = city.send(&put_event(KL)).await;
    assert_eq!(printed.status, 201);
    (city, printed)
}

#[tokio::test]
async fn the_png_decodes_to_the_address_of_the_answer() {
    let (city, printed) = issued().await;
    let answer = city.send(&qr_event(KL, "png")).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (200, &"image/png".parse().unwrap())
    );
    assert_eq!(
        decoded(&answer.body),
        printed.json()["url"].as_str().unwrap()
    );
}

#[tokio::test]
async fn the_svg_is_that_of_the_answer_and_the_default() {
    let (city, printed) = issued().await;
    let svg = city.send(&qr_event(KL, "svg")).await;
    assert_eq!(
        (svg.status, &svg.headers["content-type"]),
        (200, &"image/svg+xml".parse().unwrap())
    );
    assert_eq!(
        String::from_utf8(svg.body.clone()).unwrap(),
        printed.json()["qr"]["svg"]
    );
    let mut unsaid = qr_event(KL, "");
    unsaid["rawQueryString"] = json!("");
    unsaid
        .as_object_mut()
        .unwrap()
        .remove("queryStringParameters");
    assert_eq!(city.send(&unsaid).await.body, svg.body);
}

#[tokio::test]
async fn another_format_is_told_what_there_is() {
    let (city, _) = issued().await;
    for (format, status) in [("zpl", 501), ("gif", 400), ("PNG", 400)] {
        let problem = city.send(&qr_event(KL, format)).await.problem(status);
        assert_eq!(problem["field"], "format");
        assert!(problem["detail"].as_str().unwrap().contains("svg or png"));
    }
}

#[tokio::test]
async fn there_is_no_code_for_a_ticket_that_was_not_issued() {
    let city = City::start().await;
    city.send(&qr_event(KL, "png")).await.problem(404);
}

#[tokio::test]
async fn when_the_table_is_down_the_ticket_is_not_called_unknown() {
    let (city, _) = issued().await;
    city.table.answers_only(0);
    let answer = city.send(&qr_event(KL, "png")).await;
    answer.problem(503);
    assert_eq!(answer.headers["retry-after"], "5");
}
