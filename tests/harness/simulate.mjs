// Answers a batch of "may this principal do that?" with the policies given; one process for all of them.
// stdin: {statements: {id: statement}, questions: [...]}; stdout: one answer for each question, in order.
import { createRequire } from 'node:module'

const { runSimulation } = createRequire(process.cwd() + '/package.json')('@cloud-copilot/iam-simulate')
const document = (statements) => ({ Version: '2012-10-17', Statement: statements })

const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const { statements, questions } = JSON.parse(Buffer.concat(chunks).toString('utf8'))

// A statement keeps its id through the simulation: as the name of a policy of its own, or as its Sid.
const bySid = Object.fromEntries(Object.keys(statements).map((id, index) => [`S${index}`, id]))
const sidOf = Object.fromEntries(Object.entries(bySid).map(([sid, id]) => [id, sid]))
const withSid = (id) => ({ ...statements[id], Sid: sidOf[id] })

// A policy from which the last statement was taken is still a policy: it lets nobody in.
const nobody = ({ action, resource }) => {
  const named = action.startsWith('sts:') ? {} : { Resource: resource }
  return { Sid: 'Nobody', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::999999999999:root' }, Action: action, ...named }
}

async function answer(question) {
  const simulated = await runSimulation({
    request: {
      principal: question.principal,
      action: question.action,
      resource: { resource: question.resource, accountId: question.account },
      contextVariables: question.context
    },
    identityPolicies: question.identity.map((id) => ({ name: id, policy: document([statements[id]]) })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: question.isProtected ? document([...question.resourceBased.map(withSid), nobody(question)]) : undefined
  }, {})
  if (simulated.resultType === 'error') return { result: 'Invalid', errors: JSON.stringify(simulated.errors), matched: [] }
  const analyses = (simulated.results ?? [simulated.result]).map((each) => each.analysis)
  const matched = new Set()
  for (const { identityAnalysis, resourceAnalysis } of analyses) {
    const identity = [...(identityAnalysis?.allowStatements ?? []), ...(identityAnalysis?.denyStatements ?? [])]
    const resource = [...(resourceAnalysis?.allowStatements ?? []), ...(resourceAnalysis?.denyStatements ?? [])]
    for (const each of identity) matched.add(each.policyId)
    for (const each of resource) if (bySid[each.statement.sid()]) matched.add(bySid[each.statement.sid()])
  }
  return { result: simulated.overallResult, errors: '', matched: [...matched] }
}

const answers = []
for (const question of questions) answers.push(await answer(question))
process.stdout.write(JSON.stringify(answers))
