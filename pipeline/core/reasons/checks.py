"""Reasons why an asset needs review or is rejected. The code is the name of the check (`Check.name`)."""

from functools import partial

from pipeline.core.reasons.reason import Reason, reason

_review = partial(reason, "needs review")
_reject = partial(reason, "rejected")

CHECK_REASONS = (
    _reject(
        "product_visible",
        "No pixel shows the product",
        "The matte is empty or transparent everywhere.",
        "Look at the cut-out of this angle.",
    ),
    _reject(
        "product_exact",
        "Product pixels were changed before encoding",
        "The finished image differs from the cut-out inside the product, which is a fault of the software.",
        "Run the shoot again; if it stays, report it with the asset's lineage.",
    ),
    _reject(
        "product_colour_p95",
        "The product's colours have changed",
        "The decoded file differs from the photo's colours over much of the product.",
        "Raise the channel's `quality`, or check the edits of this angle.",
    ),
    _reject(
        "product_colour_worst",
        "A spot of the product has changed its colour",
        "One spot of the decoded file differs strongly from the photo.",
        "Raise the channel's `quality`, and look at the spot.",
    ),
    _reject(
        "sharpness",
        "The file is blurred",
        "The encoded file keeps too little of the product's fine detail.",
        "Raise the channel's `quality`.",
    ),
    _review(
        "clipped_highlights",
        "Part of the product is burnt out",
        "Too many of the product's pixels have a channel at its maximum.",
        "Shoot with less exposure, or without a lamp that reflects in the product.",
    ),
    _reject(
        "outside_exact",
        "The picture differs from the backdrop outside the product",
        "Pixels outside the matte show more than backdrop and shadow: the product's outline has grown.",
        "Run the shoot again; if it stays, report it with the asset's lineage.",
    ),
    _reject(
        "outline_growth",
        "The product's outline has grown",
        "The product is visible outside its matte.",
        "Raise the channel's `quality`; look at the outline at full size.",
    ),
    _review(
        "mask_iou",
        "The product's shape in the file differs from its matte",
        "The mask measured in the decoded file overlaps the matte too little.",
        "Look at the outline at full size.",
    ),
    _reject(
        "halo",
        "The product has a halo",
        "The edge is lighter or darker than product and backdrop give.",
        "Look at the cut-out's edge; photograph on a backdrop that differs from the product.",
    ),
    _reject(
        "white_background",
        "The background is not pure white",
        "The channel takes 255, 255, 255 only, and pixels away from the product differ.",
        "Raise the channel's `quality`, or its `white_guard_px`.",
    ),
    _reject(
        "backdrop_colour",
        "The backdrop's colours have changed",
        "The decoded file differs from the requested backdrop.",
        "Raise the channel's `quality`.",
    ),
    _reject(
        "fill",
        "The product fills too little of the frame",
        "The channel asks for a larger share of the frame.",
        "Raise the `fill` of the channel's framing, or lower its `fill_at_least`.",
    ),
    _reject(
        "margin",
        "The product is too close to the edge of the frame",
        "The channel asks for more free space around the product.",
        "Lower the `fill` of the channel's framing, or its `margin_at_least`.",
    ),
    _review(
        "enlargement",
        "The picture is enlarged too much",
        "The channel's frame is larger than the photo's own pixels allow, which shows as softness.",
        "Shoot the product closer or with more pixels.",
    ),
    _review(
        "cut_off",
        "The product is cut off",
        "The product reaches the edge of the photo.",
        "Shoot it again with free space on all sides.",
    ),
    _review(
        "loose_pieces",
        "The cut-out has loose pieces",
        "Something apart from the product is visible: specks, remains of the backdrop or a second object.",
        "Remove it from the set and shoot again, or give a matte made by hand.",
    ),
    _reject(
        "channel_rules",
        "The file breaks the channel's rules",
        "Its format, size, colour profile, bit depth or marking is not as the channel asks. The message lists them.",
        "Correct the channel's YAML file, or shoot larger where the size is at fault.",
    ),
    _reject(
        "bytes",
        "The file is too large",
        "It has more bytes than the channel allows.",
        "Lower the channel's `quality`.",
    ),
    Reason(
        code="rendered",
        outcomes=("needs review", "rejected"),
        title="The angle was rendered, not photographed",
        meaning="The channel's `rendered` rule says whether a person looks first (`review`) or only photos are taken "
        "(`reject`).",
        what_to_do="Look at the picture, or photograph this angle.",
    ),
    _reject(
        "photo_exact",
        "Product pixels differ from the photo",
        "Opaque pixels of the angle's picture are not the photo's own, which is a fault of the software.",
        "Run the shoot again; if it stays, report it with the asset's lineage.",
    ),
    _reject(
        "edits",
        "The picture is not what its edits make of it",
        "The edited picture differs from the result of applying `edits` to the unedited one, which is a fault of the "
        "software.",
        "Run the shoot again; if it stays, report it with the asset's lineage.",
    ),
    _review(
        "likeness",
        "The splat blurs the product",
        "The splat is less like the photos than the check asks for, so prints and small text are not readable.",
        "Look at prints and text; fit the splat longer and with a larger `side_px`, or photograph this angle.",
    ),
    _review(
        "cutout_iou",
        "Much of the matte was corrected",
        "The other photos say that the cut-out is wrong in large parts, and it was corrected by them.",
        "Look at the outline; give a matte made by hand if it is wrong.",
    ),
    _review(
        "old_backdrop",
        "The product's edge shows the photo's backdrop",
        "Colours of the studio's backdrop are left in the product's edge.",
        "Shoot on a backdrop that differs from the product in colour, or give a matte made by hand.",
    ),
    _review(
        "silhouette",
        "The outline disagrees with the other photos in one place",
        "There is a bite in the outline, a lost part, or a shadow that was taken as product.",
        "Look at the outline; give a matte made by hand if it is wrong.",
    ),
    _review(
        "silhouette_iou",
        "The outline disagrees with the other photos",
        "The matte or the photo's position is wrong.",
        "Look at the outline and at the cut-outs of the neighbouring photos.",
    ),
)
