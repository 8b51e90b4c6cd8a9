"""Reasons why an asset is in review or rejected. The code is the name of the check (`Check.name`)."""

from functools import partial

from pipeline.core.reasons.reason import Reason, reason

_review = partial(reason, "in review")
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
        "Run the shoot again; if it happens again, report it with the asset's lineage.",
    ),
    _reject(
        "product_colour_p95",
        "The product's colours have changed",
        "The decoded file differs from the photo's colours over much of the product.",
        "Raise the channel's `quality`, or check the edits of this angle.",
    ),
    _reject(
        "product_colour_worst",
        "A spot of the product has changed colour",
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
        "Shoot with less exposure, or move the lamp that reflects in the product.",
    ),
    _reject(
        "outside_exact",
        "The picture differs from the backdrop outside the product",
        "Pixels outside the matte show something other than backdrop and shadow: the product's outline has grown.",
        "Run the shoot again; if it happens again, report it with the asset's lineage.",
    ),
    _reject(
        "outline_growth",
        "The product's outline has grown",
        "The product is visible outside its matte.",
        "Raise the channel's `quality`, and look at the outline at full size.",
    ),
    _review(
        "mask_iou",
        "The product's shape in the file differs from its matte",
        "The product's mask in the decoded file does not overlap the matte enough.",
        "Look at the outline at full size.",
    ),
    _reject(
        "halo",
        "The product has a halo",
        "The edge is lighter or darker than the product over its backdrop should be.",
        "Look at the cut-out's edge, or shoot on a backdrop that differs from the product in colour.",
    ),
    _reject(
        "white_background",
        "The background is not pure white",
        "The channel requires 255, 255, 255, and pixels away from the product differ.",
        "Raise the channel's `quality`, or its `white_guard_px`.",
    ),
    _reject(
        "backdrop_colour",
        "The backdrop's colours have changed",
        "The decoded file differs from the requested backdrop.",
        "Raise the channel's `quality`.",
    ),
    _review(
        "scene_contrast",
        "The product disappears in the painted backdrop",
        "Along most of its outline, the product has the colour of the backdrop behind it.",
        "Choose another colour or material in the backdrop's `prompt`, or another `seed` in the preset.",
    ),
    _review(
        "scene_second_product",
        "The painted backdrop shows something like the product",
        "A patch of the backdrop has colours of the product that its surroundings do not have: a second product, or a "
        "part of it.",
        "Look at the backdrop. Raise `background.tries`, choose another `seed`, or leave the product out of the "
        "`prompt`.",
    ),
    _review(
        "scene_noise",
        "The painted backdrop is noise",
        "Colours change too much within a few pixels for a scene: the diffusion did not finish, or failed.",
        "Raise `diffusion.steps`, or use another scheduler or `dtype: float32`.",
    ),
    _reject(
        "scene_blank",
        "The painted backdrop is black",
        "Nearly every pixel is black, as after a checkpoint's safety filter.",
        "Change the backdrop's `prompt`, or use another checkpoint.",
    ),
    _review(
        "prompt_likeness",
        "The picture does not look like its prompt",
        "The checkpoint in `background.look` compared picture and prompt, and none of the tries was like enough.",
        "Change the backdrop's `prompt`, raise `background.tries`, or lower `background.prompt_likeness_at_least`.",
    ),
    _review(
        "prompt_understood",
        "The painter did not understand the prompt",
        "A painter with a closed vocabulary, such as the embedded one, knew fewer than half of the prompt's words. The "
        "picture shows what it knew, on white paper if that was nothing.",
        "Name a material, a colour and the light in the backdrop's `prompt`, or use a checkpoint that reads any text.",
    ),
    _reject(
        "fill",
        "The product fills too little of the frame",
        "The channel requires the product to fill a larger share of the frame.",
        "Raise the `fill` of the channel's framing, or lower its `fill_at_least`.",
    ),
    _reject(
        "margin",
        "The product is too close to the edge of the frame",
        "The channel requires more free space around the product.",
        "Lower the `fill` of the channel's framing, or its `margin_at_least`.",
    ),
    _review(
        "enlargement",
        "The picture is enlarged too much",
        "The channel's frame is larger than the photo's resolution allows, so the picture is soft.",
        "Shoot closer or with more pixels.",
    ),
    _review(
        "enlarged_gain",
        "Enlarging made the product less like itself",
        "On a part of the product that was shrunk for this, the engine of `composite.upscale` is farther from the "
        "product's own pixels than plain resampling. Such an engine invents detail.",
        "Set `composite.upscale` to `embedded` or `none`, or use a checkpoint that was trained for fidelity.",
    ),
    _review(
        "enlarged_text",
        "Words were lost when the picture was enlarged",
        "Words that can be read in the picture cannot be read after the engine of `composite.upscale` enlarged it. The "
        "reason names them.",
        "Look at the words. Set `composite.upscale` to `none` if they changed.",
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
        "Something apart from the product is visible: specks, remains of the backdrop, or a second object.",
        "Remove it from the set and shoot again, or supply a matte made by hand.",
    ),
    _reject(
        "channel_rules",
        "The file breaks the channel's rules",
        "Its format, size, colour profile, bit depth or marking breaks a rule of the channel. The message says which.",
        "Correct the channel's YAML file; if the size is at fault, shoot with more pixels.",
    ),
    _reject(
        "bytes",
        "The file is too large",
        "It has more bytes than the channel allows.",
        "Lower the channel's `quality`.",
    ),
    Reason(
        code="rendered",
        outcomes=("in review", "rejected"),
        title="The angle was rendered, not photographed",
        meaning="The channel's `rendered` rule is `review` (a person looks first) or `reject` (photos only).",
        what_to_do="Look at the picture, or photograph this angle.",
    ),
    _reject(
        "photo_exact",
        "Product pixels differ from the photo",
        "Opaque pixels of the angle's picture differ from the photo's, which is a fault of the software.",
        "Run the shoot again; if it happens again, report it with the asset's lineage.",
    ),
    _reject(
        "edits",
        "The picture differs from the result of its edits",
        "The edited picture differs from the result of applying `edits` to the unedited one, which is a fault of the "
        "software.",
        "Run the shoot again; if it happens again, report it with the asset's lineage.",
    ),
    _review(
        "whole_product",
        "An edit cuts off part of the product",
        "A crop, a rotation or a size in `edits` leaves part of the product outside the frame. The message says how "
        "much of it, and at which edge.",
        "Crop less; or, if the picture is to show only a part, write `detail: true` beside the crop's sides.",
    ),
    _review(
        "altered",
        "The product itself may have been altered",
        "A model has painted on the product: it was refined, retouched or put on a person. The message says what was "
        "done and where. No check can tell whether the product still looks as it is, so a person always looks.",
        "Compare the asset with the picture before, on its page. Reject it where the product is no longer itself.",
    ),
    _review(
        "likeness",
        "The rendered product is blurred",
        "Drawn from the place of a photo nearby, with the detail of all photos but that one, the product matches the "
        "photo less than the check requires. Prints and small text may be unreadable.",
        "Look at prints and text. Fit the splat longer and with a larger `side_px`, or photograph this angle.",
    ),
    _review(
        "weakest_part",
        "Part of the rendered product is wrong",
        "Drawn from the place of a photo nearby, without that photo's detail, part of the product hardly resembles it: "
        "it is blurred, displaced or missing.",
        "Compare the angle with the photo that the message names. Fit the splat longer, or photograph this angle.",
    ),
    _review(
        "legible_text",
        "Words on the product cannot be read",
        "A photo, or the picture before it was altered, shows words that cannot be read in the picture although that "
        "side is visible. The reason names them.",
        "Look at the print. Fit the splat longer and with a larger `side_px`, or photograph this angle.",
    ),
    _review(
        "beyond_outlines",
        "The rendered product reaches beyond its outlines in the photos",
        "Parts of the picture, such as spikes, lie where the outlines of the photos leave no room for a product.",
        "Look at the outline. Photograph this angle, or add photos from further below and above.",
    ),
    _review(
        "unseen_surface",
        "The rendered picture shows a surface that no photo shows",
        "The splat invented what is there, such as an underside.",
        "Look at it, and photograph the product from this side.",
    ),
    _review(
        "strange_colours",
        "The rendered picture has colours that the photos do not show there",
        "The picture has streaks or spots that are lighter, darker or of another colour than in the photos.",
        "Look at the picture. Fit the splat longer, or photograph this angle.",
    ),
    _review(
        "smudged_outline",
        "The outline of the rendered product is smudged",
        "The outline fades over more pixels than the photos' outlines do at the size at which the splat was fitted.",
        "Look at the outline. Fit the splat longer and with a larger `side_px`, or photograph this angle.",
    ),
    _review(
        "cutout_iou",
        "Much of the matte was corrected",
        "According to the other photos, large parts of the cut-out were wrong; they were corrected.",
        "Look at the outline, and supply a matte made by hand if it is wrong.",
    ),
    _review(
        "old_backdrop",
        "The product's edge shows the photo's backdrop",
        "Colours of the studio's backdrop are left in the product's edge.",
        "Shoot on a backdrop that differs from the product in colour, or supply a matte made by hand.",
    ),
    _review(
        "backdrop_rim",
        "A rim of the photo's backdrop is left",
        "Along a part of the outline, such as under a handle, a strip of the old backdrop was taken for product.",
        "Look at the outline there, and supply a matte made by hand if a strip is left.",
    ),
    _review(
        "silhouette",
        "The outline disagrees with the other photos in one place",
        "The outline has a bite, a part is missing, or a shadow was taken for product.",
        "Look at the outline, and supply a matte made by hand if it is wrong.",
    ),
    _review(
        "silhouette_iou",
        "The outline disagrees with the other photos",
        "The matte or the photo's position is wrong.",
        "Look at the outline and at the cut-outs of the neighbouring photos.",
    ),
    _review(
        "near_duplicate",
        "The photos look like those of another product",
        "Another product of the catalog, which the reason names with its likeness, has photos of the same colours and "
        "shape: perhaps one product was shot twice under two skus. Products that differ in small print or size alone "
        "look alike, too.",
        "Compare them with `catalog similar SKU --sheet similar.png`. If it is one product, remove one of the shoots. "
        "If both are right, run `catalog similar SKU --accept OTHER` and the shoot again.",
    ),
)
