"""Decoding by content: sizes, orientation, frames, modes, and what cannot be decoded."""

import io
import random

import numpy as np
import pytest
from PIL import Image, ImageCms

from darkroom.decoding.faults import Undecodable, fault_of
from darkroom.decoding.fingerprints import fingerprint, laplacian_variance, pixel_digest
from darkroom.decoding.pixels import Decoded, decode_picture
from darkroom.decoding.renditions import display_picture, encode, thumbnail_picture
from darkroom.domain.media import sniff

ORIENTATION = 0x0112
FORMATS = [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("TIFF", "image/tiff")]


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Red, green, blue and white quarters: every orientation looks different."""
    picture = Image.new("RGB", (width, height), "white")
    picture.paste((220, 20, 20), (0, 0, width // 2, height // 2))
    picture.paste((20, 200, 20), (width // 2, 0, width, height // 2))
    picture.paste((20, 20, 220), (0, height // 2, width // 2, height))
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Decoded:
    media_type = sniff(data)
    assert media_type is not None
    return decode_picture(memoryview(data), media_type)


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean absolute difference of two pictures, 0 to 255."""
    assert a.size == b.size
    return float(np.abs(np.asarray(a.convert("RGB"), np.int16) - np.asarray(b.convert("RGB"), np.int16)).mean())


def stored(picture: Image.Image, orientation: int) -> Image.Image:
    """The picture as a camera held in that orientation stores it."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    return picture.transpose(Image.Transpose(undo[orientation])) if orientation in undo else picture


def tagged(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


@pytest.mark.parametrize(("kind", "media_type"), FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_shows_the_same_upright_picture(kind: str, media_type: str, orientation: int) -> None:
    data = encoded(
        stored(scene(), orientation), kind, exif=tagged(orientation), **({"lossless": True} if kind == "WEBP" else {})
    )
    found = decoded(data)
    assert sniff(data) == media_type
    assert found.orientation == orientation
    assert (found.width, found.height) == ((96, 64) if orientation < 5 else (64, 96))
    assert difference(display_picture(found), scene()) < 4


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_an_avif_picture_is_turned_once(orientation: int) -> None:
    found = decoded(encoded(stored(scene(), orientation), "AVIF", exif=tagged(orientation), quality=95))
    assert difference(display_picture(found), scene()) < 6


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_rewriting_tags_leaves_the_pixel_digest_and_other_pixels_change_it(kind: str) -> None:
    digests = {pixel_digest(decoded(encoded(scene(), kind, exif=tagged(o)))) for o in (1, 3, 6, 8)}
    assert len(digests) == 1
    other = scene()
    other.paste((9, 9, 9), (0, 0, 16, 16))
    assert pixel_digest(decoded(encoded(other, kind))) not in digests
    assert pixel_digest(decoded(encoded(scene(64, 96), kind))) not in digests


def test_equal_indices_with_another_palette_are_other_pixels() -> None:
    picture = scene().quantize(8)
    other = picture.copy()
    other.putpalette([255 - value for value in picture.getpalette() or []])
    assert pixel_digest(decoded(encoded(picture, "PNG"))) != pixel_digest(decoded(encoded(other, "PNG")))


def test_a_large_photo_is_shrunk_while_loading_and_keeps_its_stored_size() -> None:
    found = decoded(encoded(scene(4000, 3000), "JPEG"))
    assert (found.width, found.height) == (4000, 3000)
    assert found.image.size == (2000, 1500)
    assert display_picture(found).size == (2000, 1500)
    assert decoded(encoded(scene(3000, 2000), "JPEG")).image.size == (3000, 2000)
    assert decoded(encoded(scene(8000, 40), "JPEG")).image.size == (2000, 10)


def test_renditions_fit_their_edges_and_are_never_enlarged() -> None:
    display = display_picture(decoded(encoded(scene(3000, 1500), "PNG")))
    assert display.size == (2048, 1024)
    assert thumbnail_picture(display).size == (256, 128)
    small = display_picture(decoded(encoded(scene(100, 50), "PNG")))
    assert small.size == thumbnail_picture(small).size == (100, 50)
    thread = display_picture(decoded(encoded(scene(5000, 2), "PNG")))
    assert thread.size == (2048, 1)
    assert thumbnail_picture(thread).size == (256, 1)


def test_renditions_carry_no_metadata() -> None:
    exif = tagged(6)
    exif[0x010E] = "the secret place"
    exif.get_ifd(0x8825)[1] = "N"
    display = display_picture(decoded(encoded(scene(), "JPEG", exif=exif, comment=b"the secret place")))
    for made in encode(display, thumbnail_picture(display)):
        assert b"secret" not in made.data
        again = Image.open(io.BytesIO(made.data))
        assert again.size == (made.width, made.height) == display.size
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(again.info)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "JPEG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
        ("LAB", "TIFF"),
        ("I;16", "PNG"),
        ("F", "TIFF"),
        ("RGB", "BMP"),
        ("RGB", "JPEG2000"),
    ],
)
def test_every_mode_becomes_the_same_grey_or_coloured_picture(mode: str, kind: str) -> None:
    grey = mode in ("1", "L", "LA", "I;16", "F")
    plain = scene().convert("L") if grey else scene()
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(plain).astype(np.uint16) * 257)
    elif mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(plain, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
    elif mode == "1":
        plain = plain.point(lambda value: 255 * (value > 100)).convert("1")
        picture = plain
    elif mode == "P":
        picture = plain.quantize(16)
    else:
        picture = plain.convert(mode)
    display = display_picture(decoded(encoded(picture, kind)))
    assert display.mode == ("L" if grey else "RGB")
    assert difference(display, plain) < 8


def test_transparency_lies_on_white() -> None:
    clear = scene().convert("RGBA")
    clear.putalpha(0)
    assert np.asarray(display_picture(decoded(encoded(clear, "PNG")))).min() == 255
    keyed = encoded(Image.new("RGB", (8, 8), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert np.asarray(display_picture(decoded(keyed))).min() == 255
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([5, 5, 5, 250, 0, 0])
    assert np.asarray(display_picture(decoded(encoded(palette, "GIF", transparency=0)))).min() == 255


def wide_profile() -> bytes:
    """sRGB with its red and blue exchanged: a profile whose effect cannot be missed."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"rXYZ", b"tmpZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmpZ", b"bXYZ", 1)
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


def test_a_colour_profile_is_applied_and_a_broken_one_ignored() -> None:
    plain = Image.new("RGB", (16, 16), (200, 30, 30))
    managed = display_picture(decoded(encoded(plain, "PNG", icc_profile=wide_profile())))
    red, _, blue = managed.getpixel((3, 3))
    assert blue > 150 > red
    broken = display_picture(decoded(encoded(plain, "PNG", icc_profile=b"\0" * 200)))
    assert broken.getpixel((3, 3)) == (200, 30, 30)
    misfit = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert display_picture(decoded(encoded(plain, "PNG", icc_profile=misfit))).getpixel((3, 3)) == (200, 30, 30)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_only_the_first_frame_is_shown_and_all_are_counted(kind: str) -> None:
    others = [Image.new("RGB", (96, 64), colour) for colour in ("black", "orange")]
    found = decoded(encoded(scene(), kind, save_all=True, append_images=others))
    assert found.frames == 3
    assert difference(display_picture(found), scene()) < 8


def test_a_damaged_later_page_costs_only_the_count() -> None:
    data = bytearray(encoded(scene(), "TIFF", save_all=True, append_images=[scene()]))
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    data[link : link + 4] = (len(data) - 3).to_bytes(4, "little")
    found = decoded(bytes(data))
    assert found.frames in (None, 1)
    assert difference(display_picture(found), scene()) < 4


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000"])
def test_a_truncated_picture_is_corrupt(kind: str) -> None:
    noise = Image.frombytes("RGB", (200, 200), random.Random(1).randbytes(120_000))
    data = encoded(noise, kind)
    with pytest.raises(Exception) as caught:
        decoded(data[: len(data) * 2 // 3])
    assert fault_of(caught.value).kind == "corrupt"
    assert "0x" not in fault_of(caught.value).reason


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 96 * 64 - 1)
    monkeypatch.setattr(Image, "_decompression_bomb_check", lambda *_, **__: None)
    with pytest.raises(Undecodable) as caught:
        decoded(encoded(scene(), "PNG"))
    assert caught.value.kind == "too_large"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Image.DecompressionBombError("x"), "too_large"),
        (Image.DecompressionBombWarning("x"), "too_large"),
        (MemoryError(), "too_large"),
        (OSError("image file is truncated"), "corrupt"),
        (RuntimeError("Support for this compression format has not been built in"), "unsupported"),
        (ZeroDivisionError(), "corrupt"),
    ],
)
def test_what_a_decoder_raises_means_something(error: Exception, kind: str) -> None:
    assert fault_of(error).kind == kind
    assert fault_of(error).reason


def test_a_format_without_a_decoder_is_unsupported() -> None:
    with pytest.raises(Undecodable) as caught:
        decode_picture(memoryview(b"\xff\x0arest"), "image/jxl")
    assert caught.value.kind == "unsupported"


def test_fingerprints_are_near_for_near_pictures_and_far_for_others() -> None:
    def hashes(picture: Image.Image) -> tuple[int, int]:
        display = display_picture(decoded(encoded(picture, "JPEG", quality=90)))
        found = fingerprint("0" * 64, display, thumbnail_picture(display))
        assert len(found["dhash"]) == len(found["phash"]) == 16
        return int(found["dhash"], 16), int(found["phash"], 16)

    def landscape(seed: int) -> Image.Image:
        small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
        return Image.fromarray(small).resize((800, 600), Image.Resampling.BICUBIC)

    base, near, far = hashes(landscape(1)), hashes(landscape(1).resize((400, 300))), hashes(landscape(2))
    for index in range(2):
        assert (base[index] ^ near[index]).bit_count() <= 6
        assert (base[index] ^ far[index]).bit_count() >= 16


def test_brightness_and_sharpness_mean_what_they_say() -> None:
    def measured(picture: Image.Image) -> dict[str, float]:
        return fingerprint("0" * 64, picture, picture)

    assert measured(Image.new("RGB", (40, 40), "black"))["brightness"] == 0
    assert measured(Image.new("RGB", (40, 40), "white"))["brightness"] == 1
    noise = Image.frombytes("L", (300, 300), random.Random(1).randbytes(90_000))
    blurred = noise.resize((30, 30)).resize((300, 300))
    assert measured(noise)["sharpness"] > 20 * measured(blurred)["sharpness"] > 0
    assert measured(Image.new("L", (1, 1)))["sharpness"] == 0


def test_a_grey_picture_has_no_chroma_however_it_is_saved() -> None:
    def measured(picture: Image.Image) -> float:
        return fingerprint("0" * 64, picture, picture)["chroma"]

    noise = Image.frombytes("RGB", (64, 64), random.Random(1).randbytes(64 * 64 * 3))
    assert measured(noise) > 0.3
    assert measured(Image.new("RGB", (64, 64), (255, 0, 0))) == 1
    assert measured(noise.convert("L")) == measured(noise.convert("L").convert("RGB")) == 0
    assert measured(Image.open(io.BytesIO(encoded(noise.convert("L").convert("RGB"), "JPEG", quality=60)))) < 0.01


def test_sharpness_in_strips_equals_the_formula() -> None:
    grey = np.frombuffer(random.Random(2).randbytes(1500 * 2000), np.uint8).reshape(1500, 2000)
    wide = grey.astype(np.int64)
    inside = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1]
    assert laplacian_variance(grey) == pytest.approx(inside.var(), rel=1e-9)
