select model_runs.*
from {{ source('core', 'model_runs') }} as model_runs
