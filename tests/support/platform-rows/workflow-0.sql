insert into workflows(id,name,default_trigger,owner_id) values ('00000000-0000-0000-0000-0000000000a1','Triage — Mails!','email',gen_random_uuid()),('00000000-0000-0000-0000-0000000000a2','triage mails','manual',gen_random_uuid()),('00000000-0000-0000-0000-0000000000a3','???','api',gen_random_uuid());
insert into workflow_versions(id,workflow_id,state,published_at,created_by,created_at) values
('00000000-0000-0000-0000-0000000000c1','00000000-0000-0000-0000-0000000000a1','archived',now(),gen_random_uuid(),'2025-01-01'),
('00000000-0000-0000-0000-0000000000c2','00000000-0000-0000-0000-0000000000a1','published',now(),gen_random_uuid(),'2025-02-01'),
('00000000-0000-0000-0000-0000000000c3','00000000-0000-0000-0000-0000000000a2','draft',null,gen_random_uuid(),'2025-02-01');
insert into nodes(id,version_id,key,kind) values ('00000000-0000-0000-0000-0000000000d1','00000000-0000-0000-0000-0000000000c2','s','start'),('00000000-0000-0000-0000-0000000000d2','00000000-0000-0000-0000-0000000000c2','e','end');
insert into edges(version_id,from_node_id,to_node_id) values ('00000000-0000-0000-0000-0000000000c2','00000000-0000-0000-0000-0000000000d1','00000000-0000-0000-0000-0000000000d2');
update workflows set live_version_id='00000000-0000-0000-0000-0000000000c2' where id='00000000-0000-0000-0000-0000000000a1';
