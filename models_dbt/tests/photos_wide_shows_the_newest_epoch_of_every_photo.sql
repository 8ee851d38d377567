-- An incremental build that skipped a change would keep an older epoch.
select
    wide.photo_id,
    wide.epoch as shown,
    epochs.epoch as newest
from {{ ref('photos_wide') }} as wide
inner join {{ ref('int_photo_epochs') }} as epochs on wide.photo_id = epochs.photo_id
where wide.epoch <> epochs.epoch
