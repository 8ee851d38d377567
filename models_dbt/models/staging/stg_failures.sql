-- Failures of published photos up to their newest publication. Files that never became photos belong to no
-- publication: their failures are visible as soon as they are recorded.
select
    failures.*,
    published.epoch as published_epoch,
    published.published_at
from {{ source('core', 'failures') }} as failures
left join {{ ref('stg_publications') }} as published
    on
        failures.photo_id = published.photo_id
        and published.output = 'photos'
        and published.state = 'done'
        and failures.recorded_at <= published.published_at
where failures.photo_id is null or published.photo_id is not null
