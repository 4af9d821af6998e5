-- How a job ends of which something is left unread. It is put behind `_job.lua`.
-- The pages that were not read are named with this code; nothing at all was read, and it has failed.
local function end_unread(code, of_page, of_job)
  if get('cancel') then return finish_job('canceled') end
  for _, index in ipairs(redis.call('HKEYS', SLICES)) do
    for _, page in ipairs((load_slice(index) or {}).p or {}) do
      if redis.call('HEXISTS', PAGES, page) == 0 then
        record_page(tostring(page), { c = code, d = of_page })
      end
    end
  end
  finish_job(number('done') > 0 and 'partial' or 'failed', code, of_job)
end
