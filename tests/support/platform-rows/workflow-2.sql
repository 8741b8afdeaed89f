insert into executions(id,workflow_id,version_id,status,trigger,started_at,finished_at) values
('00000000-0000-0000-0000-0000000000e1','00000000-0000-0000-0000-0000000000a1','00000000-0000-0000-0000-0000000000c2','running','email',now(),null),
('00000000-0000-0000-0000-0000000000e2','00000000-0000-0000-0000-0000000000a1','00000000-0000-0000-0000-0000000000c2','failed','api',now()-interval '1.5s',now());
insert into step_runs(execution_id,node_id,status,prompt_tokens,completion_tokens) values ('00000000-0000-0000-0000-0000000000e1','00000000-0000-0000-0000-0000000000d1','running',3,4);
