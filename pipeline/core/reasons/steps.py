"""Reasons why a step is held, and why an angle or a shoot is refused."""

from functools import partial

from pipeline.core.reasons.reason import reason

_held = partial(reason, "held")
_angle = partial(reason, "refused angle")
_shoot = partial(reason, "refused shoot")

STEP_REASONS = (
    _held(
        "cutout-product-not-found",
        "The product was not found in some photos",
        "The cut-out engine found no product, or a matte that cannot be right, in more photos than "
        "`cutout.max_failed_photos` allows. The message lists the worst three; the picture, "
        "`sheets/held/<sku>-cutout.png` beside the store, shows all with the outlines of their mattes.",
        "Look at the picture. Where the outline follows the surroundings, set `cutout.engine` to `seeded`, with a box "
        "that is product in every photo, or to `checkpoint`. Or put mattes made by hand into the shoot's folder: "
        "`mattes/<photo>.png`, as large as the upright photo, 8-bit gray, white where the product is. Photos of which "
        "nothing can be expected: remove them, shoot them again on a plain backdrop, or raise `max_failed_photos`.",
    ),
    _held(
        "sfm-no-poses",
        "No camera positions were found",
        "Fewer than three photos could be matched to each other.",
        "Shoot at least 24 photos, at most 15° apart, sharp, with the product filling half the frame. Put a few small "
        "removable stickers on or beside a product without any pattern.",
    ),
    _held(
        "sfm-too-few-poses",
        "Too few photos could be posed",
        "Some photos could not be matched to the others, so a side of the product is missing. The message names the "
        "photos on either side of the largest gap.",
        "Shoot as many photos in the gap as the message says, and run the shoot again.",
    ),
    _held(
        "sfm-apart",
        "The photos form two models that share no detail",
        "The photos of each model fit together, but no photo of one shows anything that is seen in the other: the "
        "product was turned over or moved between two photos, or two of its sides were never seen in one photo. The "
        "message names the photos of each model.",
        "Shoot a few photos in which both sides are seen, at most 15° apart. If the product was turned over, a few "
        "small stickers that are seen from both sides let the models be joined; or make a shoot of each part.",
    ),
    _held(
        "sfm-cutouts-empty",
        "Too few photos have a cut-out",
        "Nothing was cut out of some photos, so that too few are left to be posed. It is not for want of photos. The "
        "message names them.",
        "Put mattes of these photos, made by hand, into the shoot's folder: `mattes/<photo>.png`, as large as the "
        "upright photo, 8-bit gray. Or name another engine for `cutout`.",
    ),
    _held(
        "sfm-front-not-posed",
        "The front photo could not be posed",
        "The photo named in `capture.front` could not be matched to the others, so azimuth 0 is not known.",
        "Name another photo in `capture.front`, or shoot the front again, sharp and well lit.",
    ),
    _held(
        "sfm-up-not-posed",
        "A photo whose roll is stated could not be posed",
        "A photo in `capture.up` could not be matched to the others, so its roll does not tell where up is.",
        "Name other photos in `capture.up`, from sides about 90° apart.",
    ),
    _held(
        "sfm-repeated-sides",
        "The product has sides that look alike, and photos of them were mistaken for each other",
        "Several photos seem to have been taken from one place although they show different sides: the product repeats "
        "its print or its shape. The message names such photos. Azimuths would be wrong, and the back could be sold as "
        "the front.",
        "Shoot on a turntable, all round in equal steps, with file names or times in the order of shooting: the order "
        "then tells the sides apart. Or put a few small removable stickers on one side and shoot again.",
    ),
    _held(
        "sfm-folded",
        "Two sides of the product came out turned against each other",
        "Each side fits by itself, but what joins them is chance: hardly any point is seen from both, and the outlines "
        "of one side contradict those of the other, or photos that came out beside each other show nothing in common. "
        "The message names the photos. Azimuths and shape would be wrong.",
        "Shoot a few more photos where one side turns into the other, at most 10° apart, or raise `sfm.max_features` "
        "in the preset. Look at the cut-outs, too: a stand that is cut out with one side only has the same effect.",
    ),
    _held(
        "sfm-too-few-points",
        "Too few points of the product were found",
        "They do not suffice to determine the product's centre and size.",
        "Check the cut-outs, and shoot the product larger and sharper.",
    ),
    _held(
        "splat-blurred",
        "The splat does not match the held-out photos",
        "The splat differs from photos that it was not fitted to by more than `splat.min_psnr_db` allows, so rendered "
        "angles would be blurred.",
        "Shoot more photos, steadier and closer together, or raise the splat's `iterations` and `max_seconds`.",
    ),
    _held(
        "splat-outline-wrong",
        "The splat's outline does not match the cut-outs",
        "The outline overlaps the held-out cut-outs by less than `splat.min_alpha_iou`.",
        "Look at the cut-outs: in some, a part of the product is missing or the backdrop remains.",
    ),
    _held(
        "splat-out-of-time",
        "The fit of the splat is held for lack of time",
        "`splat.max_seconds` ended the fit before the splat was good enough, or before it had the share of its "
        "iterations that `splat.least_iterations` names. The next night, or the next run of the shoot, fits for "
        "`max_seconds` more, from where it stopped (engine `nerfstudio`: from the start).",
        "Run the shoot again, or wait for the night. If it happens often, the machine is too slow for the preset: "
        "raise `splat.max_seconds`, or lower `iterations` or `side_px`.",
    ),
    _held(
        "render-retouch-not-found",
        "What is to be removed was not found",
        "shoot.yaml lists something to remove without saying where, and the checkpoint in `render.inpaint.grounding` "
        "finds nothing of that name in the picture. The message names it.",
        "Give the entry in `retouch` a `box` or a `mask`, or name the thing in other words.",
    ),
    _held(
        "render-no-pictures",
        "No requested angle has a picture",
        "Every angle was refused. The message gives the reason of each.",
        "Name photos for angles in `capture.named`, or shoot the sides that are missing.",
    ),
    _held(
        "evidence-no-product",
        "No photo shows the product",
        "The photos that the requested angles use have empty cut-outs, or no angle has a photo. Nothing can be "
        "measured, so no caption is written.",
        "Look at the cut-outs; then name other photos in `capture.named`, or shoot them again.",
    ),
    _held(
        "caption-no-picture",
        "There is no picture to describe",
        "Every angle was refused, so there is nothing to write a caption for.",
        "Resolve the refused angles first.",
    ),
    _held(
        "caption-empty-picture",
        "The picture to describe shows no product",
        "Nothing in the picture that is nearest to the front is opaque.",
        "Check the cut-out of that angle.",
    ),
    _held(
        "caption-not-publishable",
        "The caption must not be published",
        "It contains a link, markup or a banned word, or it is too long. The message lists what is wrong.",
        "Correct the title, attributes or brief in `shoot.yaml`.",
    ),
    _held(
        "caption-claims-unsupported",
        "The caption claims what nothing supports",
        "Its title makes a claim that is against the evidence or has none, or no sentence of the description holds. "
        "False sentences, bullets and attributes alone are only dropped; `catalog caption SKU` lists them.",
        "Add the fact to `shoot.yaml` if it is true, or use another model or engine.",
    ),
    _held(
        "caption-no-usable-answer",
        "The caption service returned no usable caption",
        "The model declined, or broke the rules for captions, at every attempt.",
        "Change the brief or the attributes in `shoot.yaml`, name another model, or set `engine: measured`.",
    ),
    _held(
        "caption-run-limit",
        "The run has paid what it may for captions",
        "The next request to the language model could bring the run above `CATALOG_USD_PER_RUN`. The caption is "
        "written when the shoot runs again; nothing has to be changed.",
        "Run the shoot again later, or raise `CATALOG_USD_PER_RUN`.",
    ),
    _held(
        "publish-no-asset",
        "There is no asset to publish",
        "No file was finished, because no requested angle has a picture. The message names the refused angles. What "
        "the catalog already has of this product stays as it is.",
        "Resolve the refused angles, and run the shoot again.",
    ),
    _angle(
        "angle-not-posed",
        "The photos could not be posed",
        "`sfm` was held, so no photo's direction is known, and `shoot.yaml` names no photo for this angle.",
        "Resolve the hold of `sfm`, or name a photo for the angle in `capture.named`.",
    ),
    _angle(
        "angle-above-photos",
        "The angle is above every photo",
        "The camera would be higher than the highest photo by more than `coverage.max_offset_deg`.",
        "Shoot a ring of photos at about the elevation that the message gives.",
    ),
    _angle(
        "angle-below-photos",
        "The angle is below every photo",
        "The camera would be lower than the lowest photo by more than `coverage.max_offset_deg`.",
        "Shoot a ring of photos at about the elevation that the message gives.",
    ),
    _angle(
        "angle-side-not-photographed",
        "This side was not photographed",
        "The angle lies in a gap between photos that is wider than `coverage.max_gap_deg`.",
        "Shoot as many photos in the gap as the message says.",
    ),
    _angle(
        "angle-no-neighbours",
        "No pair of photos encloses the angle",
        "There are photos nearby, but no two of them are close enough to each other to render an angle between them.",
        "Shoot this angle itself.",
    ),
    _angle(
        "angle-up-unknown",
        "Which way is up is uncertain",
        "The angle would be rendered, and the product could lean in it: the photos do not tell where up is to 2° with "
        "the probability that `coverage.min_up_confidence` asks for.",
        "State `capture.up` in `shoot.yaml`: two photos from sides about 90° apart, with their `roll_deg`; or "
        "`capture.level: true` if the camera was held level for all photos. Or shoot this angle itself.",
    ),
    _angle(
        "angle-cutout-empty",
        "Nothing was cut out of the photo for this angle",
        "`capture.named` names a photo whose cut-out is empty, so there is no picture of the product.",
        "Supply a matte made by hand for this photo, or name another one.",
    ),
    _angle(
        "angle-no-splat",
        "There is no splat to render from",
        "The angle lies between photos, and `splat` was held.",
        "Resolve the hold of `splat`, or shoot this angle itself.",
    ),
    _angle(
        "angle-splat-empty",
        "The splat shows nothing from there",
        "The angle would be rendered, and its picture would be empty.",
        "Look at the splat's contact sheet and turntable, or shoot this angle itself.",
    ),
    _angle(
        "angle-nearest-not-posed",
        "The nearest photo's position is not known",
        "The angle would be rendered as the nearest photo's camera sees it, but that photo has no position.",
        "Run `sfm` and `coverage` again.",
    ),
    _shoot(
        "shoot-unusable",
        "shoot.yaml or a file beside it cannot be used",
        "`shoot.yaml` is missing or invalid, names a photo or an angle that does not exist, or a photo or matte is a "
        "link or cannot be read. The message names the file, the field and the value.",
        "Correct what the message names. `catalog plan SHOOT_DIR` checks it at once.",
    ),
    _shoot(
        "shoot-out-of-reach",
        "The shoot lies behind a link, or too deep",
        "Discovery does not follow links and reads shoots at most 4 folders below `CATALOG_SHOOTS`. The message names "
        "the folder.",
        "Move the folder itself below `CATALOG_SHOOTS`, or remove the link.",
    ),
    _shoot(
        "shoot-sku-twice",
        "Two shoots have the same sku",
        "The sku does not identify one product, so all these shoots are refused.",
        "Give each shoot its own sku, or remove one.",
    ),
    _shoot(
        "shoot-not-plannable",
        "A step cannot do what shoot.yaml or the preset requests",
        "`shoot.yaml` or the preset names a channel, a checkpoint or a value that does not exist.",
        "Correct the value that the message names.",
    ),
    _shoot(
        "shoot-engine-missing",
        "This machine lacks an engine, a key or a device",
        "The preset requires it, and there is no fallback.",
        "Install what the message names, or choose another engine in the preset. `catalog doctor` lists what is here.",
    ),
)
