select
    photos.photo_id,
    versions.output
from {{ ref('photos_wide') }} as photos
inner join {{ ref('int_current_versions') }} as versions on photos.library_id = versions.library_id
left join {{ ref('processing_completeness') }} as completeness
    on
        photos.photo_id = completeness.photo_id
        and versions.output = completeness.output
        and versions.output_version = completeness.output_version
where completeness.photo_id is null
