select output_versions.*
from {{ source('core', 'output_versions') }} as output_versions
